import { type FaultServer, startFaultServer } from 'steadystream/testing';

/** A provider on this machine, which needs no key: it answers what it is asked, word by word, and knows one tool. */
export function startProvider(): Promise<FaultServer> {
  return startFaultServer((request) => {
    const { messages } = request.body as { messages: readonly { role: string; content: unknown }[] };
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `It is ${JSON.parse(String(last.content)).degrees} degrees there.`, tokenDelay: 40 };
    const question = String(last?.content);
    if (/weather/i.test(question)) return { toolCalls: [{ name: 'weather', input: { city: 'Zurich' } }] };
    if (/fail/i.test(question)) return { text: 'This answer breaks off in the', tokenDelay: 40, fault: 'reset' };
    return { text: `You said "${question}". ${'Here is a long answer to it. '.repeat(12)}`, tokenDelay: 60 };
  });
}
