import type { Greeting } from '@hypershard/client'
import { advice, type Check, type Finding, ok, problem, unchecked } from '../check.ts'
import type { ClusterFacts } from './gather-cluster.ts'

/** A header tells whole seconds. */
const resolutionMs = 1_000
export const skewMsAdvised = 5_000
export const skewMsMax = 60_000

export const clockMeaning = 'the expiry of keys and certificates and the signatures of S3 go by the clock'

/** The coordinators' clocks are that of this machine, as exactly as their answers tell. */
export const clocksAgree: Check<ClusterFacts> = {
  name: 'clocks',
  look: ({ coordinators }) =>
    coordinators.flatMap(({ url, greeting }) => (greeting === undefined ? [] : [findingOf(url, greeting)])),
}

function findingOf(url: string, { date, askedMs, answeredMs }: Greeting): Finding {
  if (date === undefined) return unchecked(`${url} tells no date`, 'see whether a proxy takes the Date header away')
  return clockFinding(url, leastSkewMs(Date.parse(date), { askedMs, answeredMs }))
}

/** How far another clock is ahead (or behind, negative) at the least, by a date of whole seconds in an answer. */
export function leastSkewMs(dateMs: number, { askedMs, answeredMs }: { askedMs: number; answeredMs: number }): number {
  if (dateMs > answeredMs) return dateMs - answeredMs
  return Math.min(0, dateMs + resolutionMs - askedMs)
}

export function clockFinding(who: string, skewMs: number): Finding {
  const awayMs = Math.abs(skewMs)
  if (awayMs < skewMsAdvised)
    return ok(`the clock of ${who} is that of this machine, within ${skewMsAdvised / 1_000} s`)
  const says = `the clock of ${who} is ${Math.round(awayMs / 1_000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's: ${clockMeaning}`
  const todo = 'have both machines follow NTP (`timedatectl set-ntp true`)'
  return awayMs < skewMsMax ? advice(says, todo) : problem(says, todo)
}
