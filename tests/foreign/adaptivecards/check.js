// Reads an Adaptive Card from standard input with Microsoft's own library and prints what it makes of it as one line of
// JSON: what it complains of, and what is left of the card. A property that it does not know is lost on the way.
const { AdaptiveCard, SerializationContext, Versions } = require("adaptivecards/dist/adaptivecards.js");

const card = JSON.parse(require("fs").readFileSync(0, "utf8"));
// Teams shows version 1.5 at most; nothing newer may be used.
const context = new SerializationContext(Versions.v1_5);
const read = new AdaptiveCard();
read.parse(card, context);
const problems = [];
for (let index = 0; index < context.eventCount; index++) {
  problems.push(context.getEventAt(index).message);
}
problems.push(...read.validateProperties().validationEvents.map((event) => event.message));
console.log(JSON.stringify({ problems, written: read.toJSON() }));
