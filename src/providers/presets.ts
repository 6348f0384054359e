import { azureErrors, deepseekErrors, groqErrors, localErrors, mistralErrors, openrouterErrors } from './compatible-errors.ts';
import type { OpenAIPreset } from './openai-preset.ts';

/** For servers that know no `minimal`. */
const fromLow = {
  none: { reasoning_effort: 'none' },
  minimal: { reasoning_effort: 'low' },
  low: { reasoning_effort: 'low' },
  medium: { reasoning_effort: 'medium' },
  high: { reasoning_effort: 'high' },
};

const azure: OpenAIPreset = { name: 'azure', keyHeader: 'api-key', maxTokens: 'max_completion_tokens', errors: azureErrors };

const openRouter: OpenAIPreset = {
  name: 'openrouter',
  baseURL: 'https://openrouter.ai/api/v1',
  reasoningEffort: {
    none: { reasoning: { effort: 'none' } },
    minimal: { reasoning: { effort: 'minimal' } },
    low: { reasoning: { effort: 'low' } },
    medium: { reasoning: { effort: 'medium' } },
    high: { reasoning: { effort: 'high' } },
  },
  sendBack: ['reasoning_details'],
  errors: openrouterErrors,
};

const groq: OpenAIPreset = {
  name: 'groq',
  baseURL: 'https://api.groq.com/openai/v1',
  maxTokens: 'max_completion_tokens',
  reasoningEffort: fromLow,
  ignored: ['metadata'],
  errors: groqErrors,
};

const mistral: OpenAIPreset = {
  name: 'mistral',
  baseURL: 'https://api.mistral.ai/v1',
  seed: 'random_seed',
  requiredToolChoice: 'any',
  // It refuses members that it does not know, and sends usage unasked.
  streamOptions: false,
  reasoningEffort: {
    none: { reasoning_effort: 'none' },
    minimal: { reasoning_effort: 'high' },
    low: { reasoning_effort: 'high' },
    medium: { reasoning_effort: 'high' },
    high: { reasoning_effort: 'high' },
  },
  nineLetterIds: true,
  prefill: { message: { prefix: true } },
  errors: mistralErrors,
};

const thinking = { type: 'enabled' };

const deepSeek: OpenAIPreset = {
  name: 'deepseek',
  baseURL: 'https://api.deepseek.com',
  reasoningEffort: {
    none: { thinking: { type: 'disabled' } },
    minimal: { thinking, reasoning_effort: 'low' },
    low: { thinking, reasoning_effort: 'low' },
    medium: { thinking, reasoning_effort: 'high' },
    high: { thinking, reasoning_effort: 'high' },
  },
  reasoning: 'reasoning_content',
  unsupported: ['responseFormat.json-schema'],
  ignored: ['seed', 'metadata'],
  errors: deepseekErrors,
};

const qwen: OpenAIPreset = {
  name: 'qwen',
  baseURL: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
  reasoningEffort: {
    none: { enable_thinking: false },
    minimal: { enable_thinking: true },
    low: { enable_thinking: true },
    medium: { enable_thinking: true },
    high: { enable_thinking: true },
  },
  unsupported: ['toolChoice.required'],
  ignored: ['metadata'],
};

const moonshot: OpenAIPreset = {
  name: 'moonshot',
  baseURL: 'https://api.moonshot.ai/v1',
  maxTokens: 'max_completion_tokens',
  reasoningEffort: {
    none: { thinking: { type: 'disabled' } },
    minimal: { reasoning_effort: 'low' },
    low: { reasoning_effort: 'low' },
    medium: { reasoning_effort: 'high' },
    high: { reasoning_effort: 'high' },
  },
  reasoning: 'reasoning_content',
  ignored: ['seed', 'metadata'],
};

const vllm: OpenAIPreset = {
  name: 'vllm',
  baseURL: 'http://localhost:8000/v1',
  prefill: { body: { continue_final_message: true, add_generation_prompt: false } },
  reasoningEffort: fromLow,
  reasoning: 'reasoning',
  ignored: ['metadata'],
  errors: localErrors,
};

const llamaCpp: OpenAIPreset = {
  name: 'llama.cpp',
  baseURL: 'http://localhost:8080/v1',
  reasoningEffort: {
    none: { chat_template_kwargs: { enable_thinking: false } },
    minimal: { chat_template_kwargs: { reasoning_effort: 'low' } },
    low: { chat_template_kwargs: { reasoning_effort: 'low' } },
    medium: { chat_template_kwargs: { reasoning_effort: 'medium' } },
    high: { chat_template_kwargs: { reasoning_effort: 'high' } },
  },
  reasoning: 'reasoning_content',
  ignored: ['metadata'],
  errors: localErrors,
};

const ollama: OpenAIPreset = {
  name: 'ollama',
  baseURL: 'http://localhost:11434/v1',
  reasoningEffort: fromLow,
  reasoning: 'reasoning',
  // It fetches no images.
  unsupported: ['image.url'],
  ignored: ['metadata'],
  errors: localErrors,
};

const cloudflare: OpenAIPreset = { name: 'cloudflare', reasoningEffort: fromLow, ignored: ['metadata'] };

/**
 * What is particular to each server that speaks Chat Completions, for the option `preset` of `openai()`.
 *
 * `azure` and `cloudflare` have no address of their own: `https://NAME.openai.azure.com/openai/v1`, or with a deployment for each model
 * `https://NAME.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21`; and
 * `https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1`. `vllm`, `llamaCpp` and `ollama` are on this machine. A token of Entra in place of
 * Azure's key: `{ ...presets.azure, keyHeader: 'authorization' }`. `deepSeek` has no JSON by schema, `qwen` no `toolChoice: 'required'`, `ollama` no
 * images at an address: these are refused as `invalid-request`. Where a server has no `seed` or `metadata`, they are left out.
 *
 * @example
 * ```ts
 * const groq = openai({ preset: presets.groq, apiKey: process.env.GROQ_API_KEY });
 * const local = openai({ preset: presets.ollama });
 * const azure = openai({ preset: presets.azure, baseURL: 'https://example.openai.azure.com/openai/v1', apiKey: key });
 * ```
 */
export const presets = { azure, openRouter, groq, mistral, deepSeek, qwen, moonshot, vllm, llamaCpp, ollama, cloudflare } as const;
