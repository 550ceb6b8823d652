import type { TestOutcome } from './run-test-file.ts'

export interface Verdict {
  /** `misfired`: its tests fail, but not because they noticed. */
  readonly result: 'killed' | 'survived' | 'stale' | 'misfired'
  readonly why: string
}

/** Errors of code that was never right: no test looked at what it does. */
const senseless = ['ReferenceError', 'SyntaxError']
const unloadable = /^ERR_(MODULE_|UNKNOWN_|INVALID_TYPESCRIPT|UNSUPPORTED_TYPESCRIPT|PACKAGE_)/

/** Whether a test file noticed the fault. Running out of time is not noticing: a busy machine can do that as well. */
export function judgeOutcome(outcome: TestOutcome): Verdict {
  if (outcome.kind === 'outOfTime') return { result: 'misfired', why: 'it did not end in time' }
  if (outcome.kind === 'broken') return { result: 'misfired', why: `it ended without a report: ${outcome.output}` }
  const [first] = outcome.failures
  if (first === undefined) return { result: 'survived', why: `${outcome.passes} tests passed` }
  const { title, name, code, message } = first
  const what = `${title}: ${message.split('\n')[0]}`
  if (code === 'ERR_MOCHA_TIMEOUT') return { result: 'misfired', why: `it only ran out of time: ${what}` }
  if (senseless.includes(name) || unloadable.test(code))
    return { result: 'misfired', why: `it makes no sense: ${what}` }
  return { result: 'killed', why: what }
}
