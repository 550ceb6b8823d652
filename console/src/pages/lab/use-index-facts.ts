import { useEffect, useState } from 'preact/hooks'
import { useSession } from '../../state/session.ts'
import { useLoaded } from '../../state/use-loaded.ts'
import type { IndexFacts } from './settings-form.tsx'

export interface LabFacts extends IndexFacts {
  /** Indexes and aliases, to choose from; as far as the key may know them. */
  readonly names: readonly string[]
}

/** How long a name must stand before anything of its index is asked for: it is typed letter by letter. */
const typedMs = 250

/** What the lab offers to choose from. A key that may only search is offered what its patterns name. */
export function useIndexFacts(name: string): LabFacts {
  const { client, access, may } = useSession()
  const settled = useSettled(name.trim())
  const mayRead = may({ scope: 'read' })
  const mayReadModels = may({ scope: 'read', keepsToFilter: true })
  const list = useLoaded(mayRead ? signal => client.listIndexes({ signal }) : undefined, [client])
  const aliases = useLoaded(mayRead ? signal => client.listAliases({ signal }) : undefined, [client])
  const known = mayRead && settled !== ''
  const index = useLoaded(known ? signal => client.describeIndex(settled, { signal }) : undefined, [client, settled])
  const builds = useLoaded(known ? signal => client.listGenerations(settled, { signal }) : undefined, [client, settled])
  const models = useLoaded(mayReadModels ? signal => client.listModels({ signal }) : undefined, [client])
  const listed = [
    ...(list.value?.indexes.map(one => one.name) ?? []),
    ...(aliases.value?.aliases.map(({ alias }) => alias) ?? []),
  ]
  return {
    names: mayRead ? listed : access.indexes.filter(pattern => !pattern.includes('*')),
    index: index.value,
    generations: builds.value?.generations,
    crossEncoders: models.value?.cross_encoders,
  }
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), typedMs)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
