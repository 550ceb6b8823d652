import { type Deadline, waitWithin } from '@hypershard/common'
import type { MembershipSource, MembershipView } from './ports.ts'

/** The source's first view with a server in it, or one without if none comes in time: a process starts all the same. */
export async function firstServers(membership: MembershipSource, deadline: Deadline): Promise<MembershipView> {
  const found = Promise.withResolvers<void>()
  const end = membership.follow(({ servers }) => {
    if (servers.length > 0) found.resolve()
  })
  if (membership.currentView().servers.length > 0) found.resolve()
  // Rejects when none came.
  await waitWithin(found.promise, deadline, 'waiting for servers').catch(() => undefined)
  end()
  return membership.currentView()
}
