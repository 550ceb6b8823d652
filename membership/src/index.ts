export { staticMembership } from './adapters/static-membership.ts'
export type { MembershipSource, MembershipView, ServerEntry } from './ports.ts'
