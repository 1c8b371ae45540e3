import Glibc
package import ServiceSupport
import SystemPackage

extension BlobStore {
    /// Bytes that are free on the file system of the store for users other than root.
    package func freeSpace() throws(FileError) -> Int {
        var status = statvfs()
        guard fstatvfs(root.descriptor, &status) == 0 else {
            throw FileError("look at", path, errno: Errno(rawValue: errno))
        }
        return Int(clamping: status.f_bavail.multipliedReportingOverflow(by: UInt(status.f_frsize)).partialValue)
    }
}
