/** What the rehearsal says: by a word of the question, else the first. */
const answers: readonly { readonly about: RegExp; readonly text: string }[] = [
  {
    about: /$^/,
    text: `This is a rehearsal: no key is set, so nobody thought about your question. The words come from a small provider inside of the server, one by one, at the speed at which a model would say them.

Everything around them is real. The server keeps the answer, so you may reload this page, pull the plug of your network or open a second tab: what you read will still be said once, in order, to its end.

To hear a model, start the server with OPENAI_API_KEY or ANTHROPIC_API_KEY.`,
  },
  {
    about: /\bsalt/i,
    text: `Rain is slightly acidic. As it runs over rocks it dissolves a little of them, and rivers carry what was dissolved to the sea: sodium, chloride, magnesium, calcium.

The water leaves the sea again by evaporation. The salt does not. Over hundreds of millions of years it has gathered to about 35 grams in each litre.

Rivers carry salt too, but so little that you cannot taste it. The sea is salty because it is where the journey ends.`,
  },
  {
    about: /\btide/i,
    text: `The moon pulls on the side of the Earth that faces it more strongly than on its centre, and least of all on the far side. The difference stretches the oceans into two bulges: one towards the moon, one away from it.

The Earth turns underneath. A coast passes through both bulges in a little less than 25 hours, so it sees two high tides and two low ones.

When sun and moon stand in one line their pulls add up, and the tides are highest: spring tides. At right angles they work against each other, and the difference is small.`,
  },
  {
    about: /\bbread\b/i,
    text: `Yeast eats the sugars that enzymes free from the starch of the flour. What it breathes out is carbon dioxide, and the dough keeps it.

That it can keep it is owed to gluten. Two proteins of wheat, gliadin and glutenin, join when they are wetted and kneaded, and make a net that is elastic enough to stretch around each bubble and strong enough not to tear.

In the oven the gas expands, water turns to steam and the bubbles grow once more. Then the starch sets, the proteins firm up, and the bread keeps the shape that the gas has given it.`,
  },
  {
    about: /\bpurr/i,
    text: `A cat purrs with its voice box. Small muscles open and close the gap between the vocal folds some 25 times a second, while the cat breathes in as well as out.

Contentment is one reason. A cat that is hurt or afraid purrs too, perhaps to calm itself, and kittens purr so that their mother finds them in the dark.`,
  },
  {
    about: /\b(debounce|typescript|code)\b/i,
    text: `A debounced function waits until its callers have been quiet for a while, and runs once, with what they said last.

\`\`\`ts
function debounce<A extends unknown[]>(run: (...args: A) => void, wait: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args: A) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), wait);
  };
}
\`\`\`

Each call clears the timer of the one before it. Only the last timer lives long enough to fire.`,
  },
  {
    about: /\b(light|day in the life)\b/i,
    text: `A photon that warms your face today was made in the core of the sun, in the time before there were cities.

Four hydrogen nuclei became one of helium, and a little mass was left over. It left as light. That light was swallowed by the next atom within a millimetre, thrown out in another direction, swallowed again. A walk without a plan leads outward slowly: some hundred thousand years went by before it reached the layer where the gas is thin enough to let it go.

From there it was quick. Eight minutes and twenty seconds of empty space, in a straight line. It passed the orbit of Mercury after three minutes, that of Venus after six. Nothing touched it.

The air took the first share of it. Short waves were scattered in all directions, which is why the sky above you is blue, and why what comes straight from the sun is a little more yellow than it was.

Then a leaf took what was left of another part. It kept the red and the blue, threw the green away, and with the energy pulled water apart: hydrogen for sugar, oxygen for nobody in particular. You are breathing it.

And what fell on your skin became the simplest thing that light can become. It became warmth: a slightly faster trembling of molecules, which were there before it and will be there after it. By evening it had left again, as infrared, through a clear sky, back into the dark.

A hundred thousand years to get out, eight minutes to get here, one afternoon to stay. Most journeys are like that.`,
  },
];

export function answerTo(question: string): string {
  return (answers.find(({ about }) => about.test(question)) ?? answers[0])?.text ?? '';
}
