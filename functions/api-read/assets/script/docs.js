// Swagger UI over our own document. With a session, what is tried carries its token as every page of ours does.
const csrf = document.querySelector("meta[name=csrf-token]")?.content;

globalThis.SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tagsSorter: "alpha",
  requestInterceptor: (request) => {
    if (csrf && request.method && request.method !== "GET") request.headers["X-CSRF-Token"] = csrf;
    return request;
  },
});
