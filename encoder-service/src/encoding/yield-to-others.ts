import { getPriority, setPriority } from 'node:os'

/**
 * Ten steps make a tenth of the weight. Linux runs such a thread while nobody else wants the core, and gives it a tenth of
 * the core when somebody always does, so that documents go on beside any load of queries.
 */
export const niceSteps = 10

/** Five make a third: pairs come after queries, and before documents. */
export const pairNiceSteps = 5

/** The least that a thread can be preferred, on Linux. */
const nicenessMax = 19

/**
 * Has the system prefer all other threads to the calling one and to those that it starts from now on, as onnxruntime's.
 * On Linux alone: elsewhere a priority is the whole process's, and threads share the cores equally.
 */
export function yieldToOthers(steps = niceSteps): void {
  if (process.platform === 'linux') setPriority(0, Math.min(nicenessMax, getPriority(0) + steps))
}
