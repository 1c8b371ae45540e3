package import AdminAPI
import AdminClient
import Foundation
package import JSON
import ServiceSupport
import Text
package import Versions

/// Brings versions of a store to ADMIN: the contents that it lacks, then the manifest with its signatures.
package struct VersionPush: Sendable {
    private let client: any VersionReceiver
    private let store: VersionStore
    private let isDryRun: Bool
    private let watch: @Sendable (VersionName, [Blob]) -> any TransferWatch

    /// - Parameter watch: makes what is told of the transfer of a version's contents.
    package init(
        client: any VersionReceiver, store: VersionStore, isDryRun: Bool,
        watch: @escaping @Sendable (VersionName, [Blob]) -> any TransferWatch
    ) {
        self.client = client
        self.store = store
        self.isDryRun = isDryRun
        self.watch = watch
    }

    /// What has gone over.
    package struct Result: Sendable {
        package let version: VersionName
        package let digest: ContentDigest
        /// Whether nobody has signed it.
        package let isUnsigned: Bool
        package fileprivate(set) var blobs = 0
        package fileprivate(set) var bytes = 0
        /// What has become of the version at ADMIN.
        package fileprivate(set) var report: ChangeReport

        package var json: JSONValue {
            [
                "type": .string(version.type), "name": .string(version.name), "variant": .string(version.variant),
                "digest": .string("\(digest)"), "sentBlobs": .integer(blobs), "sentBytes": .integer(bytes),
                "change": .string(report.changes.first.map { "\($0.action)" } ?? "none"),
            ]
        }

        /// The result as a sentence.
        package func text(isDryRun: Bool) -> String {
            let would = isDryRun ? "would be " : ""
            let fate =
                switch report.changes.first?.action {
                case .create?: "\(would)added"
                case .update?: "its signatures \(would)added"
                case .delete?, nil: "it was there already"
                }
            let contents = blobs == 1 ? "1 content" : "\(blobs) contents"
            return "\(version) \(digest.short): \(contents) \(would)sent, \(ByteCount.text(bytes)); \(fate)"
        }
    }

    /// How often ADMIN is asked what it lacks: meanwhile it may have found a content to be altered.
    private static let attempts = 3

    /// Sends a version of the store.
    package func push(_ digest: ContentDigest) async throws -> Result {
        let bytes = try store.manifestBytes(digest)
        let manifest = try Manifest(reading: bytes)
        let signatures = try store.signatures(digest)
        try await checkContents(manifest)
        var result = Result(
            version: manifest.version, digest: digest, isUnsigned: signatures.signatures.isEmpty,
            report: ChangeReport(changes: [], export: []))
        for attempt in 1... {
            let sent = try await sendMissing(manifest)
            result.blobs += sent.blobs
            result.bytes += sent.bytes
            guard !isDryRun || sent.blobs == 0 else {
                result.report.changes = [.init(action: .create, kind: .version, name: "\(manifest.version)")]
                break
            }
            do {
                result.report = try await add(manifest.version, bytes, signatures)
                break
            } catch {
                guard client.refusal(of: error).status == 409, attempt < Self.attempts else { throw error }
                // Whatever else it is, asking again does not help.
                guard try await !missing(manifest.blobs).blobs.isEmpty else { throw error }
            }
        }
        return result
    }

    /// Throws if a content in the store was altered, also one that ADMIN has: who pushes says that this is the version.
    private func checkContents(_ manifest: Manifest) async throws {
        let altered = try await BlockingWork.run { [store] in try store.blobs.altered(manifest.blobs) }
        guard let first = altered.first else { return }
        let path = manifest.files.first { $0.blob.digest == first.blob.digest }?.path ?? "\(first.blob.digest.short)…"
        let more = altered.count > 1 ? ", and \(altered.count - 1) contents more" : ""
        throw TransferError(
            "\(manifest.version) is altered in the store: \(path.printable): \(first.fault)\(more); nothing was sent",
            hint: "`portcullis versions verify --store` names the files; building again mends the store.")
    }

    private func add(
        _ version: VersionName, _ bytes: [UInt8], _ signatures: ManifestSignatures
    ) async throws -> ChangeReport {
        let creation = VersionCreation(
            manifest: String(decoding: bytes, as: UTF8.self),
            signatures: signatures.signatures.map { signature in
                VersionSignature(key: signature.keyID, signature: Data(signature.bytes).base64EncodedString())
            })
        let query = version.query + (isDryRun ? [(QueryParameter.dryRun, "true")] : [])
        return try await client.answer(
            to: AdminRequest(.put, .version(version.name, of: version.type), query: query).json(creation))
    }

    private func sendMissing(_ manifest: Manifest) async throws -> (blobs: Int, bytes: Int) {
        let (blobs, piece) = try await missing(manifest.blobs)
        let bytes = blobs.reduce(0) { $0 + $1.compressedSize }
        guard !isDryRun, !blobs.isEmpty else { return (blobs.count, bytes) }
        let progress = watch(manifest.version, blobs)
        defer { progress.end() }
        let sender = BlobSender(client: client, store: store, piece: piece, progress: progress)
        // The largest first: otherwise it may be alone at the end.
        try await sender.send(blobs.sorted { $0.compressedSize > $1.compressedSize })
        return (blobs.count, bytes)
    }

    /// The contents that ADMIN lacks, and how much is best sent at once.
    private func missing(_ blobs: [Blob]) async throws -> (blobs: [Blob], piece: Int) {
        var (digests, piece): (Set<String>, Int) = ([], Limits.piece)
        for start in stride(from: 0, to: blobs.count, by: Limits.askedBlobs) {
            let page = blobs[start..<min(start + Limits.askedBlobs, blobs.count)]
            let answer: MissingBlobs = try await client.answer(
                to: AdminRequest(.post, .missingBlobs).json(BlobQuestion(digests: page.map(\.digest.description))))
            digests.formUnion(answer.missing)
            piece = max(1, min(answer.piece, Limits.piece))
        }
        return (blobs.filter { digests.contains($0.digest.description) }, piece)
    }
}
