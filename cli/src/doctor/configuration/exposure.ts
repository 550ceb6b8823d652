import { HypershardError, isLoopback, type Listening, requireProtection, silentLogger } from '@hypershard/common'
import { advice, type Check, type Finding, ok, problem } from '../check.ts'
import type { Configuration } from './read-configuration.ts'

/** Ports by whom they are for; the admin listener has nothing that needs protection by the process. */
const ports = {
  HYPERSHARD_HTTP_LISTEN: 'clients',
  HYPERSHARD_GRPC_LISTEN: 'clients',
  HYPERSHARD_INTERNAL_LISTEN: 'processes',
  HYPERSHARD_SHARD_LISTEN: 'processes',
  HYPERSHARD_ENCODER_LISTEN: 'processes',
} as const

/** No port beyond this machine is open to everybody who reaches it. */
export const exposure: Check<Configuration> = {
  name: 'exposure',
  look: ({ settings }) => {
    const listening = Object.entries(ports).flatMap(([setting, whom]): Listening[] => {
      const address = settings[setting]
      return typeof address === 'string' ? [{ setting, address, for: whom }] : []
    })
    if (listening.length === 0) return []
    return [...refused(listening, settings), ...waved(listening, settings)]
  },
}

const has = (settings: Configuration['settings'], name: string) => settings[name] !== undefined

function refused(listening: readonly Listening[], settings: Configuration['settings']): Finding[] {
  const protection = {
    hasProcessTls: has(settings, 'HYPERSHARD_TLS_CERT'),
    hasKeys: has(settings, 'HYPERSHARD_KEYS'),
    hasPublicTls: has(settings, 'HYPERSHARD_HTTP_TLS_CERT'),
    insecure: settings.HYPERSHARD_INSECURE === true,
  }
  try {
    requireProtection(listening, protection, silentLogger())
    return [
      ok(`${listening.map(({ address }) => address).join(' and ')} may be listened on as these settings protect it`),
    ]
  } catch (error) {
    if (!(error instanceof HypershardError) || !Array.isArray(error.details.problems)) throw error
    return error.details.problems.map((text: string) => {
      const [says = text, todo = 'protect it'] = text.split(/; (.*)/)
      return problem(`${says}, and the process does not start`, todo)
    })
  }
}

/** What the process only warns of. */
function waved(listening: readonly Listening[], settings: Configuration['settings']): Finding[] {
  const exposed = listening.filter(({ address }) => !isLoopback(address))
  if (exposed.length === 0) return []
  if (settings.HYPERSHARD_INSECURE === true) {
    const says = 'HYPERSHARD_INSECURE lets in everybody who reaches a port that nothing else protects'
    return [advice(says, 'take it out once keys and certificates are set')]
  }
  const plain = exposed.filter(port => port.for === 'clients')
  if (plain.length === 0 || has(settings, 'HYPERSHARD_HTTP_TLS_CERT')) return []
  const says = `keys and documents pass ${plain.map(({ address }) => address).join(' and ')} in the clear`
  return [advice(says, 'end TLS in front of it, or set HYPERSHARD_HTTP_TLS_CERT and HYPERSHARD_HTTP_TLS_KEY')]
}
