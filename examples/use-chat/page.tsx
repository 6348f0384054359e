import { Chat, useChat } from '@ai-sdk/react';
import { DefaultChatTransport, type UIMessage } from 'ai';
import { type FormEvent, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { currentParts, type UIDataParts, type UIMessageMetadata } from 'steadystream/ai-sdk';

type ChatMessage = UIMessage<UIMessageMetadata, UIDataParts>;

const api = '/api/chat';
const id = sessionStorage.getItem('chat') ?? crypto.randomUUID();
sessionStorage.setItem('chat', id);

// A chat that is made here, and not by useChat, knows that a resumed answer is told from its beginning.
const chat = new Chat<ChatMessage>({
  id,
  messages: JSON.parse(sessionStorage.getItem('messages') ?? '[]') as ChatMessage[],
  transport: new DefaultChatTransport({ api }),
});

function App() {
  const { messages, status, error, sendMessage, regenerate, stop, resumeStream } = useChat({ chat, resume: true });
  const [input, setInput] = useState('');
  const isBusy = status === 'submitted' || status === 'streaming';

  useEffect(() => sessionStorage.setItem('messages', JSON.stringify(messages)), [messages]);

  // The answer goes on while the network is away.
  useEffect(() => {
    const goOn = () => {
      if (chat.status === 'error') void resumeStream();
    };
    addEventListener('online', goOn);
    return () => removeEventListener('online', goOn);
  }, [resumeStream]);

  // Leaving the page stops nothing; this does. The server is told first, so that it knows when the reader is gone.
  async function stopAnswer() {
    await fetch(`${api}/${encodeURIComponent(id)}/stop`, { method: 'POST' }).catch(() => {});
    await stop();
  }

  function send(event: FormEvent) {
    event.preventDefault();
    void sendMessage({ text: input });
    setInput('');
  }

  return (
    <main data-status={status}>
      {messages.map((message) => (
        <article key={message.id} className={message.role}>
          {currentParts(message.parts).map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of a message only grow at the end
            <Part key={index} part={part} />
          ))}
        </article>
      ))}
      {error && (
        <p role="alert">
          {error.message}{' '}
          <button type="button" onClick={() => void regenerate()}>
            Try again
          </button>
        </p>
      )}
      <form onSubmit={send}>
        <input aria-label="Message" value={input} onChange={(event) => setInput(event.target.value)} />
        <button type="submit" disabled={isBusy || input === ''}>
          Send
        </button>
        <button type="button" disabled={!isBusy} onClick={stopAnswer}>
          Stop
        </button>
        <button type="button" disabled={isBusy || messages.length === 0} onClick={() => void regenerate()}>
          Again
        </button>
      </form>
    </main>
  );
}

function Part({ part }: { part: ChatMessage['parts'][number] }) {
  if (part.type === 'text') return <p>{part.text}</p>;
  if (part.type === 'reasoning') return <details>{part.text}</details>;
  if (part.type.startsWith('tool-') && 'state' in part) {
    return (
      <pre data-state={part.state}>
        {part.type.slice('tool-'.length)} {JSON.stringify('output' in part ? part.output : part.state)}
      </pre>
    );
  }
  return null;
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
