import { HypershardError } from '@hypershard/common'
import { RedisKeys } from './adapters/redis-keys.ts'
import { FileKeys } from './file-keys.ts'
import type { KeyStore } from './ports.ts'

/**
 * @param location a file, or `redis://host:port`
 * @throws HypershardError `invalid_config` for an address that is none
 */
export function openKeyStore(location: string): KeyStore {
  if (!/^rediss?:/.test(location)) return new FileKeys(location)
  if (!URL.canParse(location)) {
    throw new HypershardError('invalid_config', 'the keys: the address of the Redis is none; write redis://host:port')
  }
  return new RedisKeys(location)
}
