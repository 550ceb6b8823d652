import { createRequire } from 'node:module'
import type { Redis } from 'ioredis'

const require = createRequire(import.meta.url)

/**
 * The client's class, loaded when a process is told of a Redis: most are told of none, and loading it took each 0.06 s of
 * processor time at its start.
 */
export function loadRedis(): typeof Redis {
  return (require('ioredis') as typeof import('ioredis')).Redis
}
