import { bindDescribeError } from './operators/classify-errors.ts';
import { describeKnownError } from './providers/known-errors.ts';

// An SDK's error says not whose it is: operators that stand alone read it in the words of all.
bindDescribeError(describeKnownError);

export { type ClassifyConfig, classify, classifyErrors } from './operators/classify-errors.ts';
