import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { HypershardError } from '@hypershard/common'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { withFileErrors } from './file-errors.ts'
import { assertFolder, assertKey } from './object-key.ts'
import type { ObjectStore, RangeReader } from './object-store.ts'
import { isS3Error, translateS3Error } from './s3-errors.ts'

export interface S3StoreOptions {
  readonly bucket: string
  /** Before every key: empty, or ends with `/`. */
  readonly prefix: string
  readonly region: string
  /** Of a server that speaks S3; undefined for Amazon's. */
  readonly endpoint: string | undefined
  /** An HTTP proxy on the way there; undefined goes straight, whatever the environment says. */
  readonly proxy?: string | undefined
  /** A local directory for files on their way in. */
  readonly stagingDirectory: string
}

/** With pauses between, doubled and with jitter: about 20 seconds of a server that is overloaded or away. */
const attemptsMax = 8
const connectMsMax = 5_000
const requestMsMax = 60_000

/** Of one operation with all its attempts. */
const operationMsMax = 180_000
const uploadMsMax = 3_600_000

/** Larger files go up in parts of this size, which is also what stands in memory for each. */
const partBytes = 16 * 1024 * 1024
const partsAtATime = 4

/** As many as one request may delete. */
const deletesMax = 1_000

/**
 * The object store in a bucket of S3 or a server that speaks it and honours `If-None-Match: *` on PutObject: without
 * that, two writers could both believe that they had committed. Credentials come from the usual places (environment,
 * profile, instance role).
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: connectMsMax,
    requestTimeout: requestMsMax,
    throwOnRequestTimeout: true,
    ...(options.proxy === undefined ? {} : agentsThrough(options.proxy)),
  })
  const client = new S3Client({
    region: options.region,
    maxAttempts: attemptsMax,
    requestHandler,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
  })
  return new S3Store(client, options)
}

/** As many connections as the handler's own agents have. */
const socketsMax = 50

function agentsThrough(proxy: string): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const settings = { keepAlive: true, maxSockets: socketsMax, proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }
  return { httpAgent: new HttpAgent(settings), httpsAgent: new HttpsAgent(settings) }
}

class S3Store implements ObjectStore {
  readonly #client: S3Client
  readonly #options: S3StoreOptions

  constructor(client: S3Client, options: S3StoreOptions) {
    this.#client = client
    this.#options = options
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    const command = new PutObjectCommand({ ...this.#object(key), Body: bytes })
    return this.#attempt(
      `writing ${key}`,
      async abortSignal => void (await this.#client.send(command, { abortSignal })),
    )
  }

  /**
   * A request may be answered by an error though it had its effect, and be tried again then: an object that is there
   * and is ours was created by us.
   */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<void> {
    const command = new PutObjectCommand({ ...this.#object(key), Body: bytes, IfNoneMatch: '*' })
    return this.#attempt(`writing ${key}`, async abortSignal => {
      try {
        await this.#client.send(command, { abortSignal })
      } catch (error) {
        if (!isS3Error(error, 412) && !isS3Error(error, 409)) throw error
        const found = await this.get(key)
        if (found !== undefined && Buffer.compare(found, bytes) === 0) return
        const message = `${key} exists already; read it again and decide anew`
        throw new HypershardError('conflict', message, { details: { key } })
      }
    })
  }

  async putFile(key: string, localPath: string): Promise<void> {
    const { size } = await withFileErrors(`reading ${localPath}`, () => stat(localPath))
    if (size <= partBytes) await this.put(key, await withFileErrors(`reading ${localPath}`, () => readFile(localPath)))
    else await this.#upload(key, localPath)
    await withFileErrors(`removing ${localPath}`, () => rm(localPath, { force: true }))
  }

  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const command = new GetObjectCommand(this.#object(key))
    return this.#attempt(`reading ${key}`, abortSignal =>
      unlessMissing(async () => {
        const { Body } = await this.#client.send(command, { abortSignal })
        return Uint8Array.from(await Body!.transformToByteArray())
      }),
    )
  }

  async openRange(key: string): Promise<RangeReader | undefined> {
    const command = new HeadObjectCommand(this.#object(key))
    const found = await this.#attempt(`opening ${key}`, abortSignal =>
      unlessMissing(() => this.#client.send(command, { abortSignal })),
    )
    if (found === undefined) return undefined
    const bytes = found.ContentLength ?? 0
    return {
      bytes,
      read: (offset, length) => this.#readRange(key, bytes, offset, length),
      close: async () => undefined,
    }
  }

  async list(folder: string): Promise<string[]> {
    const keys: string[] = []
    for await (const { Contents = [] } of this.#pages(folder)) {
      for (const { Key } of Contents) keys.push(Key!.slice(this.#options.prefix.length))
    }
    return keys.sort()
  }

  async listFolders(folder: string): Promise<string[]> {
    const names: string[] = []
    for await (const { CommonPrefixes = [] } of this.#pages(folder, '/')) {
      for (const { Prefix } of CommonPrefixes) {
        names.push(Prefix!.slice(this.#options.prefix.length + folder.length).replace(/\/$/, ''))
      }
    }
    return names.sort()
  }

  delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#object(key))
    return this.#attempt(
      `deleting ${key}`,
      async abortSignal => void (await this.#client.send(command, { abortSignal })),
    )
  }

  async deletePrefix(folder: string): Promise<void> {
    assertFolder(folder)
    assert(folder !== '', 'the whole store is never deleted')
    const { bucket, prefix } = this.#options
    const keys = await this.list(folder)
    for (let from = 0; from < keys.length; from += deletesMax) {
      const Objects = keys.slice(from, from + deletesMax).map(key => ({ Key: prefix + key }))
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })
      await this.#attempt(`deleting ${folder}`, async abortSignal => {
        const { Errors = [] } = await this.#client.send(command, { abortSignal })
        const [first] = Errors
        if (first !== undefined) throw new Error(`${first.Key}: ${first.Message}`)
      })
    }
  }

  /** A bucket has no bound of its own. */
  async space(): Promise<undefined> {
    return undefined
  }

  async stagingDirectory(): Promise<string> {
    return this.#options.stagingDirectory
  }

  #object(key: string): { Bucket: string; Key: string } {
    assertKey(key)
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + key }
  }

  async *#pages(folder: string, delimiter?: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    assertFolder(folder)
    const { bucket, prefix } = this.#options
    const input = {
      Bucket: bucket,
      Prefix: prefix + folder,
      ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
    }
    for (let token: string | undefined; ; ) {
      const command = new ListObjectsV2Command({
        ...input,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      })
      const page = await this.#attempt(`listing ${folder || 'the object store'}`, abortSignal =>
        this.#client.send(command, { abortSignal }),
      )
      yield page
      token = page.NextContinuationToken
      if (!page.IsTruncated || token === undefined) return
    }
  }

  async #readRange(key: string, bytes: number, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    assert(offset >= 0 && length >= 0 && offset + length <= bytes, `${key}: reading outside of the object`)
    if (length === 0) return new Uint8Array(0)
    const command = new GetObjectCommand({ ...this.#object(key), Range: `bytes=${offset}-${offset + length - 1}` })
    return this.#attempt(`reading ${key}`, async abortSignal => {
      const { Body } = await this.#client.send(command, { abortSignal })
      const read = await Body!.transformToByteArray()
      if (read.length !== length) throw endedEarly(key, offset + read.length)
      return Uint8Array.from(read)
    })
  }

  async #upload(key: string, localPath: string): Promise<void> {
    await this.#attempt(
      `writing ${key}`,
      async abortSignal => {
        const upload = new Upload({
          client: this.#client,
          params: { ...this.#object(key), Body: createReadStream(localPath) },
          partSize: partBytes,
          queueSize: partsAtATime,
          leavePartsOnError: false,
        })
        abortSignal.addEventListener('abort', () => void upload.abort(), { once: true })
        await upload.done()
      },
      uploadMsMax,
    )
  }

  /** Runs an operation inside its time, and translates what S3 refuses. */
  async #attempt<T>(doing: string, work: (signal: AbortSignal) => Promise<T>, msMax = operationMsMax): Promise<T> {
    try {
      return await work(AbortSignal.timeout(msMax))
    } catch (error) {
      throw translateS3Error(doing, this.#options.bucket, error)
    }
  }
}

async function unlessMissing<T>(step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (isS3Error(error, 404) && (error as Error).name !== 'NoSuchBucket') return undefined
    throw error
  }
}

function endedEarly(key: string, offset: number): HypershardError {
  const message = `${key} ends at byte ${offset} since it was opened; stored objects must never be changed in place`
  return new HypershardError('storage_failed', message, { details: { key, offset } })
}
