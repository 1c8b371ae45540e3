import Glibc
package import ServiceSupport
import SystemPackage

/// For whoever sends a file a piece at a time.
extension OpenFile {
    /// Bytes of the file.
    package var size: Int { get throws(FileError) { Int(try status().st_size) } }

    /// A part of the file; less than was asked for only where the file ends.
    package func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let read = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
                if read < 0, errno == EINTR { continue }
                guard read >= 0 else {
                    failure = FileError("read", path, errno: Errno(rawValue: errno))
                    return
                }
                if read == 0 { return }
                filled += read
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
