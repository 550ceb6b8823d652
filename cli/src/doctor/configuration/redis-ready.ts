import { messageOf } from '@hypershard/common'
import { askRedis, type RedisFacts } from '../adapters/redis-facts.ts'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** What a Redis is for: keys, and the queue, must stay in it; what servers announce comes again by itself. */
interface Use {
  readonly setting: string
  readonly url: string
  readonly mayForget: boolean
  readonly mustLast: boolean
}

/** BullMQ refuses older ones. */
const majorVersionMin = 5
/** What BullMQ advises. */
const versionAdvised = '6.2'

/** Every Redis that a setting names answers, takes writes, and does not throw away what must stay. */
export const redisReady: Check<Configuration> = {
  name: 'Redis',
  look: async configuration => {
    const found = await Promise.all(usesIn(configuration).map(findingsOf))
    return found.flat()
  },
}

function usesIn({ environment }: Configuration): Use[] {
  return Object.entries(environment).flatMap(([setting, text = '']) =>
    setting.startsWith('HYPERSHARD_') && /^rediss?:\/\//.test(text)
      ? [{ setting, url: text, mayForget: !/INDEXER|KEYS/.test(setting), mustLast: /KEYS/.test(setting) }]
      : [],
  )
}

async function findingsOf(use: Use): Promise<Finding[]> {
  const who = `${use.setting} (${withoutSecrets(use.url)})`
  try {
    const facts = await askRedis(use.url)
    const findings = [...policyOf(who, use, facts), ...lastingOf(who, use, facts), ...versionOf(who, facts)]
    if (facts.role !== 'master') {
      findings.push(problem(`${who} is a replica, which takes no writes`, 'name the primary'))
    }
    return findings.length > 0 ? findings : [ok(`${who} answers, version ${facts.version}, and evicts nothing`)]
  } catch (error) {
    return [
      problem(
        `${who} cannot be asked: ${messageOf(error)}`,
        'start it, or mend the address, the password or the network',
      ),
    ]
  }
}

function policyOf(who: string, { mayForget }: Use, { evictionPolicy = 'unknown' }: RedisFacts): Finding[] {
  if (evictionPolicy === 'noeviction') return []
  const says = `${who} has maxmemory-policy ${evictionPolicy}: when it is full it throws away what is still needed`
  const todo = '`redis-cli config set maxmemory-policy noeviction`, and in its configuration'
  return [mayForget ? advice(says, todo) : problem(says, todo)]
}

function lastingOf(who: string, { mustLast }: Use, { persists }: RedisFacts): Finding[] {
  if (!mustLast || persists) return []
  return [problem(`${who} keeps nothing on disk: with a restart all keys are lost`, 'set `appendonly yes`')]
}

function versionOf(who: string, { version }: RedisFacts): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [majorAdvised = 0, minorAdvised = 0] = versionAdvised.split('.').map(Number)
  const todo = `upgrade it to ${versionAdvised} or later`
  if (major < majorVersionMin) return [problem(`${who} is version ${version}, too old for the queue`, todo)]
  if (major > majorAdvised || (major === majorAdvised && minor >= minorAdvised)) return []
  return [advice(`${who} is version ${version}`, todo)]
}

function withoutSecrets(url: string): string {
  const { protocol = '', host = '' } = URL.parse(url) ?? {}
  return `${protocol}//${host}`
}
