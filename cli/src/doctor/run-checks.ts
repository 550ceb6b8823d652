import { messageOf } from '@hypershard/common'
import { type Check, type Finding, type NamedFinding, problem } from './check.ts'

/** What one check may take, whatever hangs behind it. */
export const checkMsMax = 20_000

/** Makes all checks side by side, each within its time; their findings in the order of the checks. */
export async function runChecks<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  msMax = checkMsMax,
): Promise<NamedFinding[]> {
  const found = await Promise.all(checks.map(check => lookWithin(check, subject, msMax)))
  return checks.flatMap(({ name }, at) => found[at]!.map(finding => ({ check: name, ...finding })))
}

async function lookWithin<Subject>(
  check: Check<Subject>,
  subject: Subject,
  msMax: number,
): Promise<readonly Finding[]> {
  const late = new AbortController()
  const timeUp = Promise.withResolvers<readonly Finding[]>()
  const timer = setTimeout(() => {
    late.abort()
    timeUp.resolve([
      problem(`nothing answered within ${msMax / 1_000} s`, 'see that what it asks is there and answers'),
    ])
  }, msMax)
  const look = (async () => check.look(subject, late.signal))()
  try {
    return await Promise.race([look, timeUp.promise])
  } catch (error) {
    return [problem(messageOf(error), 'mend what the message names and look again')]
  } finally {
    clearTimeout(timer)
  }
}
