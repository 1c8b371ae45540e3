import CEvents
import Glibc
import HealthChecks
import NetworkTypes

/// The socket for the pings of one address family. No capability is needed where `net.ipv4.ping_group_range` has the
/// process's group.
final class PingSocket {
    private let family: AddressFamily
    let descriptor: Int32
    private var sequence: UInt16 = 0
    /// The place and generation of the probe that each echo belongs to.
    private var waiting: [UInt16: (echo: PingEcho, tag: EventTag)] = [:]

    /// - Throws: the outcome of whichever probe needs the socket.
    static func open(_ family: AddressFamily, _ poller: Poller) -> Result<PingSocket, PingFault> {
        let protocolNumber = family == .ipv4 ? Int32(IPPROTO_ICMP) : Int32(IPPROTO_ICMPV6)
        let descriptor = socket(Int32(family.rawValue), SocketKind.datagram, protocolNumber)
        guard descriptor >= 0 else {
            let number = errno
            let isForbidden = number == EACCES || number == EPERM
            return .failure(
                PingFault(
                    outcome: isForbidden
                        ? .void(problem: "net.ipv4.ping_group_range does not let the prober's group ping")
                        : SystemFault.outcome(number)))
        }
        let socket = PingSocket(family, descriptor)
        guard poller.add(descriptor, EventTag(family == .ipv4 ? .ping4 : .ping6), .reading) else {
            return .failure(PingFault(outcome: SystemFault.outcome(errno)))
        }
        return .success(socket)
    }

    struct PingFault: Error {
        let outcome: ProbeOutcome
    }

    private init(_ family: AddressFamily, _ descriptor: Int32) {
        self.family = family
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sends a request. Returns it, or the outcome if it cannot be sent.
    func send(to name: SocketName, for tag: EventTag) -> Result<PingEcho, PingFault> {
        sequence &+= 1
        while waiting[sequence] != nil, waiting.count < Int(UInt16.max) { sequence &+= 1 }
        let echo = PingEcho(family: family, sequence: sequence, nonce: .random(in: .min ... .max))
        let request = echo.request
        let count = name.withPointer { sendto(descriptor, request, request.count, Int32(MSG_NOSIGNAL), $0, $1) }
        guard count == request.count else { return .failure(PingFault(outcome: SystemFault.outcome(errno))) }
        waiting[sequence] = (echo, tag)
        return .success(echo)
    }

    /// Forgets a request that is not waited for any more.
    func forget(_ echo: PingEcho) { waiting[echo.sequence] = nil }

    /// The tags of those probes that have been answered.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> [EventTag] {
        var tags: [EventTag] = []
        for _ in 0..<64 {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { break }
            let reply = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            guard let echo = PingEcho(reply: reply, family: family), let known = waiting[echo.sequence],
                known.echo == echo
            else { continue }
            waiting[echo.sequence] = nil
            tags.append(known.tag)
        }
        return tags
    }
}

/// The kinds of sockets, none of which waits, nor is left to a program that is started.
enum SocketKind {
    static let stream = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    static let datagram = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
}
