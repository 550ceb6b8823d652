import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { HypershardError } from '@hypershard/common'
import { toServiceError } from '@hypershard/common/grpc'
import { AnnouncementServiceService } from '@hypershard/proto/announcements'
import { SearchServiceService } from '@hypershard/proto/search'
import { type Caller, callerWithoutKeys, stranger } from '../../access/caller.ts'
import type { AccessRule, Door } from '../../access/door.ts'
import { requireRead } from './bounded-service.ts'

/** Of every method, as its HTTP twin. One that is added does not compile until it stands here. */
export const searchServiceRules = {
  createIndex: { scope: 'admin' },
  listIndexes: { scope: 'read' },
  getIndex: { scope: 'read' },
  deleteIndex: { scope: 'admin' },
  search: { scope: 'search', keepsToFilter: true },
  putDocuments: { scope: 'write', keepsToFilter: true },
} as const satisfies Readonly<Record<keyof typeof SearchServiceService, AccessRule>>

const ruleOfPath: ReadonlyMap<string, AccessRule> = new Map(
  Object.entries(searchServiceRules).map(([name, rule]) => [
    SearchServiceService[name as keyof typeof searchServiceRules].path,
    rule,
  ]),
)

/** Health and reflection tell of no index and no server. */
const publicServices = /^\/grpc\.(?:health|reflection)\.v1(?:alpha)?\./

/** The door of the public gRPC port: asked before anything of a call but its metadata is read. */
export class GrpcDoor {
  readonly door: Door
  readonly #callers = new WeakMap<Metadata, Caller>()

  constructor(door: Door) {
    this.door = door
  }

  /** For the server. */
  get interceptor(): ServerInterceptor {
    return ({ path }, call) =>
      new ServerInterceptingCall(call, {
        start: next =>
          next({
            onReceiveMetadata: (metadata, letIn) => {
              const check = () => this.#callers.set(metadata, this.#admit(path, metadata, call))
              if (this.#passes(call, check)) letIn(metadata)
            },
            onReceiveMessage: (message, take) => {
              if (this.#passes(call, () => requireRead(message))) take(message)
            },
          }),
      })
  }

  /** Who makes a call that was let in. */
  callerOf({ metadata }: { readonly metadata: Metadata }): Caller {
    const caller = this.#callers.get(metadata)
    if (caller === undefined) throw new HypershardError('unauthenticated', 'the call came by no door')
    return caller
  }

  #admit(path: string, metadata: Metadata, call: ServerInterceptingCallInterface): Caller {
    const address = call.getConnectionInfo().remoteAddress ?? 'unknown'
    if (!this.door.locked) return callerWithoutKeys(address)
    if (publicServices.test(path)) return stranger(address)
    const rule = ruleOfPath.get(path)
    if (rule === undefined) throw notHere(path)
    const sent = metadata.get('authorization')
    const authorization = sent.length === 1 ? String(sent[0]) : undefined
    const caller = this.door.identify(rule, { authorization, address })
    this.door.admit(rule, caller)
    return caller
  }

  /** Whether a check holds; a call of which it does not is ended with the reason. */
  #passes(call: ServerInterceptingCallInterface, check: () => void): boolean {
    try {
      check()
      return true
    } catch (error) {
      this.door.meter.answered('grpc', error)
      const { code, details, metadata } = toServiceError(error)
      call.sendStatus({ code: code!, details: details!, metadata: metadata ?? null })
      return false
    }
  }
}

/** What processes tell each other names indexes, and they have no keys. */
function notHere(path: string): HypershardError {
  const isAnnouncement = path === AnnouncementServiceService.exchange.path
  const mend = 'since API keys are asked for here, processes announce at HYPERSHARD_INTERNAL_LISTEN'
  return new HypershardError('forbidden', isAnnouncement ? mend : `${path} is not for callers from outside`)
}
