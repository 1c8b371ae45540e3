import Crypto
import Glibc

/// Compares bytes with what a blob should be.
enum BlobCheck {
    /// Compares compressed bytes. None are decompressed.
    static func compressed(_ file: OpenFile, _ blob: Blob) throws {
        let size = Int(try file.status().st_size)
        guard size == blob.compressedSize else {
            throw StoreError.altered(blob.digest, .compressedSize(size, expected: blob.compressedSize))
        }
        let (count, digest) = try self.digest(of: file, atMost: blob.compressedSize)
        guard count == blob.compressedSize, digest == blob.compressedDigest else {
            throw StoreError.altered(blob.digest, .compressedDigest)
        }
    }

    /// Decompresses at most `size` bytes, hands them out, and compares them.
    static func content(
        _ file: OpenFile, _ digest: ContentDigest, size: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var hash = SHA256()
        var count = 0
        let decompressor = try Decompressor()
        do {
            try file.read { bytes in
                try decompressor.write(bytes) { content in
                    count += content.count
                    guard count <= size else { throw StoreError.altered(digest, .larger(expected: size)) }
                    hash.update(bufferPointer: content)
                    try body(content)
                }
            }
        } catch let error as ZstandardError {
            throw StoreError.altered(digest, .notDecompressible("\(error)"))
        }
        guard decompressor.isComplete else {
            throw StoreError.altered(digest, .notDecompressible("the compressed bytes are incomplete"))
        }
        guard count == size else { throw StoreError.altered(digest, .smaller(count, expected: size)) }
        guard ContentDigest(hash.finalize()) == digest else { throw StoreError.altered(digest, .digest) }
    }

    /// The number of bytes of a file, and their digest.
    static func digest(of file: OpenFile, atMost limit: Int = .max) throws -> (count: Int, digest: ContentDigest) {
        var hash = SHA256()
        var count = 0
        try file.read(atMost: limit == .max ? .max : limit + 1) { bytes in
            count += bytes.count
            hash.update(bufferPointer: bytes)
        }
        return (count, ContentDigest(hash.finalize()))
    }
}
