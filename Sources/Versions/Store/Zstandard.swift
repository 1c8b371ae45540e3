import CZstd

/// Compressed bytes that are none, or a failure of libzstd.
struct ZstandardError: Error, Hashable, CustomStringConvertible {
    let description: String

    fileprivate init(_ code: Int) { description = String(cString: ZSTD_getErrorName(code)) }

    fileprivate init(_ description: String) { self.description = description }
}

/// Compresses a stream with zstd into one frame.
final class Compressor {
    /// Of levels 1 to 19: fast enough that disks decide, and half of what the best would save.
    private static let level: Int32 = 3

    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer

    /// - Parameter size: how many bytes there will be.
    init(size: Int) throws {
        guard let context = ZSTD_createCCtx() else { throw ZstandardError("no memory") }
        self.context = context
        buffer = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)
        try Self.check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level))
        try Self.check(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)))
    }

    deinit {
        ZSTD_freeCCtx(context)
        buffer.deallocate()
    }

    /// Compresses the next bytes.
    func write(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool = false, _ output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var out = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let left = ZSTD_compressStream2(context, &out, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
            try Self.check(left)
            if out.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<out.pos])) }
            if isLast ? left == 0 : input.pos == input.size { return }
        }
    }

    fileprivate static func check(_ code: Int) throws(ZstandardError) {
        if ZSTD_isError(code) != 0 { throw ZstandardError(code) }
    }
}

/// Decompresses a stream.
final class Decompressor {
    /// The largest window of a frame: 8 MiB, as RFC 8878 recommends. It bounds the memory that compressed bytes from
    /// anybody can ask for.
    private static let windowLog: Int32 = 23

    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    /// Whether the bytes so far end with a whole frame.
    private(set) var isComplete = false

    init() throws {
        guard let context = ZSTD_createDCtx() else { throw ZstandardError("no memory") }
        self.context = context
        buffer = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 16)
        try Compressor.check(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog))
    }

    deinit {
        ZSTD_freeDCtx(context)
        buffer.deallocate()
    }

    /// Decompresses the next bytes. An error of `output` ends it.
    func write(_ bytes: UnsafeRawBufferPointer, _ output: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var out = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let left = ZSTD_decompressStream(context, &out, &input)
            try Compressor.check(left)
            isComplete = left == 0
            if out.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<out.pos])) }
            // A full buffer may mean that there is more to come out.
            if input.pos == input.size, out.pos < out.size || left == 0 { return }
        }
    }
}
