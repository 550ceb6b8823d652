/** As in messages: without a password that the address may have. */
export function redisName(url: string): string {
  const { hostname, port } = new URL(url)
  return `redis ${hostname}:${port || '6379'}`
}
