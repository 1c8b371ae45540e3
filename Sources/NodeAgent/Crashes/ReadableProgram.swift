import CrashDumps
import ServiceSupport
import SystemPackage

/// A copy of a process's program of which gdb sees lines and variables.
enum ReadableProgram {
    /// The largest program that is copied, in bytes.
    private static let largest = 1 << 30

    /// Copies the program, if gdb could not read it as it is.
    ///
    /// - Returns: the path of the copy; `nil`: there is no need of one, or no room.
    static func make(of process: Int32, at path: String) throws -> String? {
        guard let program = try? InputFile.open("/proc/\(process)/exe") else { return nil }
        return try program.closeAfter {
            let names = DebugNames { offset, count in
                guard count >= 0, count <= 8 << 20 else { return nil }
                var bytes = [UInt8](repeating: 0, count: count)
                let read = try? bytes.withUnsafeMutableBytes {
                    try program.read(fromAbsoluteOffset: Int64(offset), into: $0)
                }
                return read == count ? bytes : nil
            }
            guard let names, let size = try? program.seek(offset: 0, from: .end), size <= largest else { return nil }
            let copy = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            return try copy.closeAfter {
                var (offset, chunk) = (Int64(0), [UInt8](repeating: 0, count: 1 << 20))
                do {
                    while case let count = try chunk.withUnsafeMutableBytes({
                        try program.read(fromAbsoluteOffset: offset, into: $0)
                    }), count > 0 {
                        try copy.writeAll(chunk[..<count])
                        offset += Int64(count)
                    }
                } catch {
                    // Without variables rather than without a stack.
                    Files.remove(path)
                    return nil
                }
                _ = try copy.writeAll(toAbsoluteOffset: Int64(names.offset), [DebugNames.replacement])
                return path
            }
        }
    }
}
