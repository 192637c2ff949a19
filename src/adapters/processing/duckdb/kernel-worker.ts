import { smooth } from '#domain/analysis/exponential-smoothing.ts';
import { LeastSquares } from '#domain/analysis/least-squares.ts';
import { type Answer, serveMessages } from '../worker/serve-messages.ts';
import type { KernelMessage } from './kernel-messages.ts';

let regression = new LeastSquares(0, true);

serveMessages<KernelMessage>((message): Answer => {
  switch (message.kind) {
    case 'begin-regression':
      regression = new LeastSquares(message.columns, message.intercept);
      return { value: null };
    case 'add-rows':
      regression.add(message.columns, message.y);
      return { value: null };
    case 'finish-regression':
      return { value: regression.finish() };
    case 'smooth':
      return { value: smooth(message.values, message.options) };
  }
});
