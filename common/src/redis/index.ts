export { loadRedis } from '../adapters/load-redis.ts'
