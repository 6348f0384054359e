import { type FaultServer, startFaultServer } from 'steadystream/testing';

/** A provider on this machine, which needs no key: it answers what it is asked, word by word, and calls a tool where there is one for it. */
export function startProvider(): Promise<FaultServer> {
  return startFaultServer((request) => {
    const { messages } = request.body as { messages: readonly { role: string; content: unknown }[] };
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `It is ${JSON.parse(String(last.content)).degrees} degrees there.`, tokenDelay: 20 };
    if (/weather/i.test(String(last?.content))) return { toolCalls: [{ name: 'weather', input: { city: 'Zurich' } }] };
    if (/fail/i.test(String(last?.content))) return { text: 'This answer breaks off in the', tokenDelay: 20, fault: 'reset' };
    return { text: `You said "${last?.content}".`, tokenDelay: 20 };
  });
}
