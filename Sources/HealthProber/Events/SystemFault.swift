import Glibc
import HealthChecks

/// What an error of a system call says of a probe: the server's failure, or something that keeps this machine from
/// probing, which says nothing of the server.
enum SystemFault {
    static func outcome(_ number: Int32) -> ProbeOutcome {
        switch number {
        case ECONNREFUSED: .failure(ProbePhrase.refused)
        case ECONNRESET, EPIPE: .failure(ProbePhrase.reset)
        case ENETUNREACH: .failure("no route to the network")
        case EHOSTUNREACH, EHOSTDOWN, ENONET: .failure("no route to the host")
        case ETIMEDOUT: .failure("no answer from the host")
        case EMFILE: .void(problem: "the prober has no file descriptor left: raise its LimitNOFILE")
        case ENFILE: .void(problem: "this machine has no file descriptor left")
        case ENOMEM, ENOBUFS: .void(problem: "this machine has no memory left for sockets")
        case EADDRNOTAVAIL, EADDRINUSE, EAGAIN: .void(problem: "this machine has no local port left")
        case ENETDOWN: .void(problem: "the network interface of this machine is down")
        case EPERM, EACCES: .void(problem: "this machine's own rules forbid the probe")
        case EAFNOSUPPORT: .void(problem: "this machine does not have the address family")
        case EINVAL: .void(problem: "a route of this machine forbids the probe")
        case EMSGSIZE: .void(problem: "what is to be sent is longer than a datagram may be")
        default: .failure(text(number))
        }
    }

    /// What the C library calls the error.
    static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        strerror_r(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
