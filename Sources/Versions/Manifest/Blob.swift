/// A content of files, and its compressed form, in which it is kept and sent.
package struct Blob: Sendable, Hashable {
    /// The SHA-256 of the content, by which the blob is named.
    package let digest: ContentDigest
    /// Bytes of the content.
    package let size: Int
    package let compressedSize: Int
    /// The SHA-256 of the compressed bytes.
    package let compressedDigest: ContentDigest

    package init(digest: ContentDigest, size: Int, compressedSize: Int, compressedDigest: ContentDigest) {
        self.digest = digest
        self.size = size
        self.compressedSize = compressedSize
        self.compressedDigest = compressedDigest
    }

    /// The most bytes of a content.
    package static let largest = 1 << 40

    /// How many compressed bytes a content may take at most. zstd stays below it, whatever the content.
    package static func largestCompressed(_ size: Int) -> Int { size + size / 128 + 1_024 }
}
