import { connect, type HypershardClient, type NodeClientOptions, type SettingNames } from '@hypershard/client/node'
import { parseExactJson } from '@hypershard/common'

/** What users of the command line can change. */
export const commandLineNames: SettingNames = {
  url: '--url',
  timeout: '--timeout',
  ca: '--ca-file or HYPERSHARD_CA_FILE',
}

/**
 * The client as commands use it. What fails is told at once and not tried again: whoever reads it decides, and what is
 * measured is one request. Numbers of fields are shown as they are stored.
 */
export function connectApi(options: Pick<NodeClientOptions, 'url' | 'timeoutMs' | 'tls' | 'key'>): HypershardClient {
  return connect({ ...options, attemptsMax: 1, parse: parseExactJson, names: commandLineNames })
}
