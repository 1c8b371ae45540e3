import Glibc
import Keepalived
import ServiceSupport

extension KeepalivedFiles {
    /// The files of this machine, found as keepalived finds them: by glob(3) with braces.
    static var local: Self {
        Self(
            read: { path in
                do throws(FileError) {
                    return .success(try LocalFile.text(path))
                } catch {
                    return .failure(Fault(reason: error.reason))
                }
            },
            matching: { pattern in
                var found = glob_t()
                defer { globfree(&found) }
                guard glob(pattern, GLOB_BRACE, nil, &found) == 0 else { return [] }
                return (0..<Int(found.gl_pathc)).compactMap { index in
                    found.gl_pathv[index].map { String(cString: $0) }
                }
            })
    }
}
