import { readText, sendRequest } from '@hypershard/client/node'
import { type Check, unchecked } from '../check.ts'
import { clockFinding, leastSkewMs } from '../cluster/clocks-agree.ts'
import type { Configuration } from './read-configuration.ts'

/** The clock of an S3 server is this machine's: it refuses signatures that are fifteen minutes off. */
export const storeClock: Check<Configuration> = {
  name: 'clock of S3',
  look: async ({ settings }, signal) => {
    const location = settings.HYPERSHARD_STORE
    if (typeof location !== 'string' || !location.startsWith('s3:')) return []
    const url = endpointOf(location)
    if (url === undefined) return []
    const askedMs = Date.now()
    const request = { url, method: 'GET', signal }
    const answer = await sendRequest(request)
    const answeredMs = Date.now()
    await readText(answer, request)
    const { date } = answer.headers
    if (date === undefined)
      return [unchecked(`${url.origin} tells no date`, 'see whether a proxy takes the Date header away')]
    return [clockFinding(url.origin, leastSkewMs(Date.parse(date), { askedMs, answeredMs }))]
  },
}

function endpointOf(location: string): URL | undefined {
  const parameters = URL.parse(location)?.searchParams
  const region = parameters?.get('region') ?? 'us-east-1'
  return URL.parse(parameters?.get('endpoint') ?? `https://s3.${region}.amazonaws.com`) ?? undefined
}
