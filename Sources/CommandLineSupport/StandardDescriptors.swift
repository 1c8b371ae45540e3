import Glibc

/// Descriptors 0, 1 and 2. A program may be started without them; the next file that it opens would then get the
/// number, and the log or a result would be written into that file.
enum StandardDescriptors {
    /// Opens /dev/null in the place of each closed descriptor. Standard input and output still cannot be read or
    /// written, so that a command that needs them fails as before; messages are discarded.
    static func fill() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDWR)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // open(2) returns the lowest free number. If it fails, there is nobody to tell.
            guard open("/dev/null", mode) == descriptor else { return }
        }
    }
}
