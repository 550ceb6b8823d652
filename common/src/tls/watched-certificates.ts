import { HypershardError, messageOf } from '../errors/hypershard-error.ts'
import type { Logger } from '../logging.ts'
import { type CertificateFiles, type Certificates, readCertificates } from './read-certificates.ts'

/**
 * How often the files are read again. Three small files; Kubernetes and cert-manager swap a symbolic link above them,
 * which a watch of the files themselves misses.
 */
const rereadMs = 2_000

/**
 * Certificates in files, as they stand there now. When the files change those who listen are told; new ones that cannot
 * be used change nothing, and are told of once in the log.
 * @example
 * ```ts
 * const certificates = await WatchedCertificates.open(files, log)
 * certificates.listen(({ key }) => server.setSecureContext(…))
 * ```
 */
export class WatchedCertificates {
  readonly #files: CertificateFiles
  readonly #log: Logger
  readonly #listeners = new Set<(certificates: Certificates) => void>()
  readonly #timer: NodeJS.Timeout
  #current: Certificates
  /** What the log was told last that is wrong with the files. */
  #told: string | undefined
  #reading: Promise<void> | undefined

  /** @throws HypershardError `invalid_config`, see `readCertificates` */
  static async open(files: CertificateFiles, log: Logger): Promise<WatchedCertificates> {
    return new WatchedCertificates(files, await readCertificates(files, Date.now()), log)
  }

  private constructor(files: CertificateFiles, first: Certificates, log: Logger) {
    this.#files = files
    this.#log = log
    this.#current = first
    this.#timer = setInterval(() => void this.reread(), rereadMs).unref()
    this.#tell('certificates read')
  }

  get current(): Certificates {
    return this.#current
  }

  /** @returns ends listening */
  listen(listener: (certificates: Certificates) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at the files now. */
  reread(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  close(): void {
    clearInterval(this.#timer)
    this.#listeners.clear()
  }

  async #read(): Promise<void> {
    try {
      const read = await readCertificates(this.#files, Date.now())
      this.#told = undefined
      if (isSame(read, this.#current)) return
      this.#current = read
      this.#tell('certificates read again')
      for (const listener of this.#listeners) listener(read)
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      const reason = messageOf(error)
      if (reason === this.#told) return
      this.#told = reason
      this.#log.error({ reason }, 'changed certificates cannot be used; those from before stay')
    }
  }

  #tell(event: string): void {
    const { certificate } = this.#files
    this.#log.info({ setting: certificate.name, expiresAt: this.#current.expiresAt.toISOString() }, event)
  }
}

function isSame(a: Certificates, b: Certificates): boolean {
  const sameCa = a.ca === undefined || b.ca === undefined ? a.ca === b.ca : a.ca.equals(b.ca)
  return sameCa && a.certificate.equals(b.certificate) && a.key.equals(b.key)
}
