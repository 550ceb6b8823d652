/** Paths of the HTTP API, as the client asks for them. */

/** Whether the aliases of a name that moves move along. */
export function moveQuery(moveAliases: boolean): string {
  return moveAliases ? '?move_aliases=true' : ''
}

export function generationPath(index: string, generation: number): string {
  return `${indexPath(index)}/generations/${generation}`
}

export function serverPath(address: string): string {
  return `v1/cluster/servers/${encodeURIComponent(address)}`
}

export function indexPath(name: string): string {
  return `v1/indexes/${encodeURIComponent(name)}`
}
