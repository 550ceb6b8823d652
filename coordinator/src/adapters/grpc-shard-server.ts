import { type Client, connectivityState, makeClientConstructor } from '@grpc/grpc-js'
import { type Deadline, HypershardError } from '@hypershard/common'
import {
  type ChannelSettings,
  callUnary,
  connectClient,
  isUnimplemented,
  plainChannel,
  type UnaryMethod,
} from '@hypershard/common/grpc'
import {
  type DescribeResponse,
  type FindResponse,
  type SearchShardsRequest,
  type SearchShardsResponse,
  ShardServiceClient,
  ShardServiceService,
} from '@hypershard/proto/shard'
import { untoldVersion } from '@hypershard/proto/versions'
import { service as healthService } from 'grpc-health-check'
import type { HealthQuestion, ServerHealth, ShardServerPort } from '../ports.ts'
import { checkVersion } from './check-version.ts'
import { encodeSearch } from './encode-search.ts'

const HealthClient = makeClientConstructor(healthService, 'grpc.health.v1.Health')

type CheckHealth = UnaryMethod<{ service: string }, { status: string }>

/**
 * A shard server over gRPC. Health checks have a channel of their own: they must not wait behind megabytes of a
 * search, and a server whose data channel is busy is not dead.
 */
export function connectShardServer(address: string, channel: ChannelSettings = plainChannel): ShardServerPort {
  const client = connectClient(ShardServiceClient, address, channel)
  const control = connectClient(ShardServiceClient, address, channel)
  const shared = { ...channel, options: { channelOverride: control.getChannel() } }
  const health = connectClient(HealthClient, address, shared)
  const check: CheckHealth = (health.check as unknown as CheckHealth).bind(health)
  const connections = countConnections(control.getChannel())
  const peer = `shard server ${address}`
  const { path, responseDeserialize } = ShardServiceService.searchShards
  const searchShards: UnaryMethod<SearchShardsRequest, SearchShardsResponse> = (request, metadata, callOptions, done) =>
    client.makeUnaryRequest(path, encodeSearch, responseDeserialize, request, metadata, callOptions, (error, answer) =>
      // Without an error there is an answer, which the type does not say.
      done(error, answer!),
    )
  let tooOldIn: number | undefined
  /** The life of the server whose last answer to the coordinator said that it is draining. */
  let toldDraining = ''
  const describe = async (question: HealthQuestion, deadline: Deadline): Promise<DescribeResponse> => {
    const isCoordinator = question.coordinator !== ''
    const asked = { ...question, toldDraining: isCoordinator ? toldDraining : '' }
    const facts = await callUnary(control.describe.bind(control), asked, deadline, peer)
    if (isCoordinator) toldDraining = facts.draining ? facts.life : ''
    return facts
  }
  const checkHealth = async (question: HealthQuestion, deadline: Deadline): Promise<ServerHealth> => {
    if (tooOldIn !== connections()) {
      try {
        const facts = await describe(question, deadline)
        checkVersion(peer, facts.protocolVersion)
        return { serving: true, life: `${facts.life} ${connections()}`, facts }
      } catch (error) {
        // One of a version before `Describe` has health checks alone.
        if (!isUnimplemented(error)) throw error
        tooOldIn = connections()
      }
    }
    checkVersion(peer, untoldVersion)
    const { status: said } = await callUnary(check, { service: '' }, deadline, peer)
    return { serving: said === 'SERVING', life: `${connections()}`, facts: undefined }
  }
  return {
    address,
    checkHealth,
    drain: async (request, deadline) => {
      await unlessTooOld(peer, 'drain', () => callUnary(control.drain.bind(control), request, deadline, peer))
    },
    prepare: async ({ manifest, shards }, deadline) =>
      (await callUnary(client.prepare.bind(client), { manifest, shards: [...shards] }, deadline, peer)).shards,
    search: async (request, context) => (await callUnary(searchShards, request, context, peer)).results,
    countWords: async (asked, context) =>
      (await callUnary(client.countWords.bind(client), asked, context, peer)).shards,
    count: (request, context) =>
      unlessTooOld(peer, 'count', () => callUnary(client.countShards.bind(client), request, context, peer)),
    list: (request, context) =>
      unlessTooOld(peer, 'list', () => callUnary(client.listShard.bind(client), request, context, peer)),
    fetch: async ({ manifest, addresses }, context) => {
      const request = { manifest, addresses: [...addresses] }
      return (await callUnary(client.fetch.bind(client), request, context, peer)).documents
    },
    find: (request, context) => foundBy(() => callUnary(client.find.bind(client), request, context, peer), peer),
    release: async ({ name, uid, generation = 0, shards = [] }, deadline) => {
      const request = { index: name, indexUid: uid, generation, shards: [...shards] }
      return (await callUnary(client.release.bind(client), request, deadline, peer)).kept
    },
    close: () => {
      client.close()
      control.close()
    },
  }
}

async function foundBy(call: () => Promise<FindResponse>, peer: string): Promise<FindResponse['found']> {
  return (await unlessTooOld(peer, 'find documents', call)).found
}

/** @throws HypershardError `unavailable` of a server that does not have the method, and what the call throws */
async function unlessTooOld<Answer>(peer: string, what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (cause) {
    if (!isUnimplemented(cause)) throw cause
    throw new HypershardError('unavailable', `${peer} is of a version that cannot ${what}; upgrade it`, { cause })
  }
}

/** How often the channel got a connection so far. It notices at once when the other process goes. */
function countConnections(channel: ReturnType<Client['getChannel']>): () => number {
  let connections = 0
  const watch = (state: connectivityState) => {
    if (state === connectivityState.SHUTDOWN) return
    if (state === connectivityState.READY) connections++
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => watch(channel.getConnectivityState(false)))
  }
  watch(channel.getConnectivityState(false))
  return () => connections
}
