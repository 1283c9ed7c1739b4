# One image for one program that was built outside; `make images` lays out the context. Otherwise as Dockerfile.
FROM scratch
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Volumes mounted here for the first time take over this owner.
COPY --chown=10001:10001 data /data
COPY --chown=10001:10001 data /run/leitwarte
COPY --chown=10001:10001 data /backups
COPY program /program
# Runtime clients write _X_AMZN_TRACE_ID for each event; being there from the start, it is only ever replaced.
ENV _X_AMZN_TRACE_ID="" \
    AWS_REGION=local-1 \
    AWS_LAMBDA_FUNCTION_VERSION=\$LATEST \
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256 \
    AWS_LAMBDA_INITIALIZATION_TYPE=on-demand \
    DATA_DIR=/data \
    HEALTH_ADDR=127.0.0.1:9090 \
    LOG_FORMAT=json
USER 10001:10001
ENTRYPOINT ["/program"]
