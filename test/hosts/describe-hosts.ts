import { isThorough } from '@hypershard/harness'
import { whyNoHosts } from '@hypershard/harness/hosts'

/** Tests that need hosts; where there can be none, or nobody asked for them, one line says why they are left out. */
export function describeHosts(title: string, define: (suite: Mocha.Suite) => void): void {
  const asked = process.env.TEST_HOSTS !== undefined || isThorough()
  const reason = asked ? whyNoHosts() : '`npm run test:hosts` runs them'
  describe(title, function () {
    if (reason === undefined) define(this)
    else it(`left out: ${reason}`)
  })
}
