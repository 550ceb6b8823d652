import { HypershardError } from '@hypershard/common'
import { protocolVersion, versionsMatch } from '@hypershard/proto/versions'

/**
 * Refuses a process that would misread what this one sends it, or the reverse.
 * @param who as in `shard server 10.0.0.5:7710`
 * @throws HypershardError `unavailable`, saying which of the two to upgrade
 */
export function checkVersion(who: string, version: number, own = protocolVersion): void {
  if (versionsMatch(version, own)) return
  const older = version < own ? who : 'this coordinator'
  const message = `${who} speaks protocol version ${version}, this coordinator ${own}; only neighbouring versions work together: upgrade ${older}`
  throw new HypershardError('unavailable', message, { details: { server: who, version, own } })
}
