import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { HypershardError, requestIdOf } from '@hypershard/common'
import { requestIdHeader, toServiceError } from '@hypershard/common/grpc'
import { AnnouncementServiceService } from '@hypershard/proto/announcements'
import { SearchServiceService } from '@hypershard/proto/search'
import type { AuditTrail } from '../../access/audit-trail.ts'
import { type Caller, callerWithoutKeys, stranger } from '../../access/caller.ts'
import type { AccessRule, Door } from '../../access/door.ts'
import { failureToRead } from './bounded-service.ts'

/** Of every method, as its HTTP twin. One that is added does not compile until it stands here. */
export const searchServiceRules = {
  createIndex: { scope: 'admin' },
  listIndexes: { scope: 'read' },
  getIndex: { scope: 'read' },
  deleteIndex: { scope: 'admin' },
  search: { scope: 'search', keepsToFilter: true },
  searchBatch: { scope: 'search', keepsToFilter: true },
  explainDocument: { scope: 'search', keepsToFilter: true },
  countDocuments: { scope: 'read', keepsToFilter: true },
  listDocuments: { scope: 'read', keepsToFilter: true },
  deleteByFilter: { scope: 'write', keepsToFilter: true },
  putDocuments: { scope: 'write', keepsToFilter: true },
} as const satisfies Readonly<Record<keyof typeof SearchServiceService, AccessRule>>

interface RuledMethod extends AccessRule {
  /** As the `operationId` of its HTTP twin. */
  readonly id: string
}

const ruleOfPath: ReadonlyMap<string, RuledMethod> = new Map(
  Object.entries(searchServiceRules).map(([id, rule]) => [
    SearchServiceService[id as keyof typeof searchServiceRules].path,
    { id, ...rule },
  ]),
)

/** Health and reflection tell of no index and no server. */
const publicServices = /^\/grpc\.(?:health|reflection)\.v1(?:alpha)?\./

/** The door of the public gRPC port: asked before anything of a call but its metadata is read. */
export class GrpcDoor {
  readonly door: Door
  readonly #audit: AuditTrail
  readonly #callers = new WeakMap<Metadata, Caller>()

  constructor(door: Door, audit: AuditTrail) {
    this.door = door
    this.#audit = audit
  }

  /** For the server. */
  get interceptor(): ServerInterceptor {
    return ({ path }, call) =>
      new ServerInterceptingCall(call, {
        start: next =>
          next({
            onReceiveMetadata: (metadata, letIn) => {
              this.#admit(path, metadata, call).then(
                caller => {
                  this.#callers.set(metadata, caller)
                  letIn(metadata)
                },
                error => this.#refuse(call, error),
              )
            },
            onReceiveMessage: (message, take) => {
              const failure = failureToRead(message)
              if (failure === undefined) take(message)
              else this.#refuse(call, failure)
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

  async #admit(path: string, metadata: Metadata, call: ServerInterceptingCallInterface): Promise<Caller> {
    const address = call.getConnectionInfo().remoteAddress ?? 'unknown'
    if (!this.door.locked) return callerWithoutKeys(address)
    if (publicServices.test(path)) return stranger(address)
    const rule = ruleOfPath.get(path)
    if (rule === undefined) throw notHere(path)
    const sent = metadata.get('authorization')
    const authorization = sent.length === 1 ? String(sent[0]) : undefined
    const caller = this.door.identify(rule, { authorization, address })
    try {
      this.door.admit(rule, caller)
    } catch (error) {
      // Nothing of the call was read yet that could say what it is about.
      const request = requestIdOf(metadata.get(requestIdHeader)[0])
      if (isAudited(rule)) await this.#audit.refused({ caller, request, what: rule.id, subject: {} }, error)
      throw error
    }
    return caller
  }

  /** Ends a call with the reason. */
  #refuse(call: ServerInterceptingCallInterface, error: unknown): void {
    this.door.meter.answered('grpc', error)
    const { code, details, metadata } = toServiceError(error)
    call.sendStatus({ code: code!, details: details!, metadata: metadata ?? null })
  }
}

/** What changes something. */
function isAudited({ scope }: AccessRule): boolean {
  return scope === 'write' || scope === 'admin'
}

/** What processes tell each other names indexes, and they have no keys. */
function notHere(path: string): HypershardError {
  const isAnnouncement = path === AnnouncementServiceService.exchange.path
  const mend = 'since API keys are asked for here, processes announce at HYPERSHARD_INTERNAL_LISTEN'
  return new HypershardError('forbidden', isAnnouncement ? mend : `${path} is not for callers from outside`)
}
