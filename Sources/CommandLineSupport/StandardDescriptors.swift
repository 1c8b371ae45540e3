import Glibc

/// Descriptors 0, 1 and 2, which a program may be started without: the next file it opens would get the number, and the
/// log, or a result, would go into that file.
enum StandardDescriptors {
    /// Puts /dev/null where one is closed. Standard input and output still cannot be read or written, so that a command
    /// that needs them fails as it did; messages go nowhere.
    static func fill() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDWR)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // open(2) gives the lowest number that is free; there is nobody to tell when it cannot.
            guard open("/dev/null", mode) == descriptor else { return }
        }
    }
}
