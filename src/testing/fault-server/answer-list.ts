import type { Answer, BodyAnswer, ChooseAnswer, Script } from './answer.ts';
import type { Recording } from './recorded-request.ts';

/** The answer that tells of a mistake in the script. */
export function scriptProblem(message: string): BodyAnswer {
  return { status: 500, body: { error: { message: `fault server: ${message}`, type: 'fault_server_script', param: null, code: null } } };
}

/** The answers that are still to be given. */
export class AnswerList {
  #list: Answer[] = [];
  #choose: ChooseAnswer | undefined;
  #given = 0;

  constructor(script: Script) {
    this.replace(script);
  }

  get remaining(): number {
    return this.#list.length;
  }

  replace(script: Script): void {
    const isList = Array.isArray(script);
    this.#list = isList ? [...script] : [];
    this.#choose = isList ? undefined : typeof script === 'function' ? script : () => script as Answer;
    this.#given = 0;
  }

  append(answers: readonly Answer[]): void {
    this.#list.push(...answers);
  }

  /** The answer to a request that has just arrived. Never rejects. */
  async next(recording: Recording): Promise<Answer> {
    const index = this.#given++;
    const answer = this.#list.shift();
    if (answer !== undefined) return answer;
    if (this.#choose === undefined) {
      recording.scripted = false;
      return scriptProblem(`the script has ${index} answers, and this is request ${index + 1}`);
    }
    try {
      return await this.#choose(recording, index);
    } catch (error) {
      recording.problem = error;
      return scriptProblem(`the script threw ${String(error)}`);
    }
  }
}
