import { Deadline, RequestContext, silentLogger } from '@hypershard/common'

/** The context of a request whose log says nothing. */
export function quietContext(deadline = Deadline.after(60_000)): RequestContext {
  return new RequestContext({ deadline, log: silentLogger() })
}
