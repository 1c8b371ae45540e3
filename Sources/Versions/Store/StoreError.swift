import ServiceSupport
import Text

/// Why a store of blobs cannot do what it should.
package enum StoreError: Error, Sendable, Hashable {
    /// A blob that is not in the store.
    case missing(ContentDigest)
    /// Bytes of a blob that are not what they should be.
    case altered(ContentDigest, BlobFault)
    /// A manifest, at this path, whose bytes are not those of its digest.
    case alteredManifest(ContentDigest, path: String)
    /// A file of this path that was changed while it was read.
    case changedWhileRead(String)
    /// A file of this path that is larger than a blob may be.
    case tooLarge(String)
    /// A directory that is no store, with the reason.
    case notAStore(String, reason: String)
}

/// What is wrong with the bytes of a blob.
package enum BlobFault: Sendable, Hashable {
    case compressedSize(Int, expected: Int)
    /// The compressed bytes have another SHA-256.
    case compressedDigest
    /// Not compressed by zstd, or with a window larger than is read here, or incomplete.
    case notDecompressible(String)
    /// More content than is expected; the rest was not decompressed.
    case larger(expected: Int)
    case smaller(Int, expected: Int)
    /// The content has another SHA-256.
    case digest
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let digest): "the blob \(digest.short)… is not in the store"
        case .altered(let digest, let fault): "the blob \(digest.short)…: \(fault)"
        case .alteredManifest(let digest, let path):
            "\(path.printable) was altered: it is not the manifest \(digest.short)…"
        case .changedWhileRead(let path): "\(path.printable) was changed while it was read; build again"
        case .tooLarge(let path):
            "\(path.printable) is larger than \(Blob.largest >> 30) GiB, which no file of a version is"
        case .notAStore(let path, let reason): "\(path.printable) is no store of versions: \(reason)"
        }
    }
}

extension BlobFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .compressedSize(let size, let expected):
            "it has \(size) compressed bytes, and should have \(expected)"
        case .compressedDigest: "its compressed bytes were altered"
        case .notDecompressible(let reason): "it cannot be decompressed: \(reason)"
        case .larger(let expected): "it has more than the \(expected) bytes that it should have"
        case .smaller(let size, let expected): "it has \(size) bytes, and should have \(expected)"
        case .digest: "its content was altered"
        }
    }
}
