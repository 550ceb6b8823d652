import { isThorough } from '@hypershard/harness'
import { whyNoHosts } from '@hypershard/harness/hosts'
import { hasRedisServer } from '@hypershard/harness/servers'

/** Set by `npm run test:hosts`. */
const all = process.env.TEST_HOSTS !== undefined

/**
 * Tests that need hosts. Where there can be none, or nobody asked for them, one line says why they are left out; a suite
 * of nothing but slow ones makes no hosts in the thorough run.
 * @param missing what else these tests need and is not there
 */
export function describeHosts(
  title: string,
  define: (suite: Mocha.Suite) => void,
  missing: () => string | undefined = () => undefined,
): void {
  const reason = whyNot() ?? missing()
  describe(title, function () {
    if (reason === undefined) define(this)
    else it(`left out: ${reason}`)
  })
}

/** A test for which the thorough run has no time. */
export function slowly(title: string, test: () => Promise<void>): void {
  if (all) it(title, test)
}

function whyNot(): string | undefined {
  if (!all && !isThorough()) return '`npm run test:hosts` runs them'
  return whyNoHosts() ?? (hasRedisServer() ? undefined : 'there is no `redis-server`')
}
