import Netlink
import NetworkTypes
import Testing

@Suite("links and addresses on a real kernel")
struct RouteKernelTests {
    @Test("addresses are local when they are in use and their link is up")
    func localAddresses() async throws {
        let (links, addresses, local) = try await NetworkNamespace.run {
            try NetworkNamespace.shell(
                """
                ip link set lo up
                ip link add name veth0 type veth peer name veth1
                ip link set veth0 up mtu 1400
                ip link set veth1 up
                ip address add 198.51.100.36/24 dev veth0
                ip address add 198.51.100.37/24 dev veth0
                ip address add 2001:db8::36/64 dev veth0 nodad
                ip address add 10.1.0.1 peer 10.1.0.2/32 dev veth1
                ip link add name down type veth peer name down-peer
                ip address add 203.0.113.1/32 dev down
                """)
            let route = try Route.Connection()
            return (try route.links().collect(), try route.addresses(.ipv4).collect(), try route.localAddresses())
        }
        let names = Dictionary(links.map { ($0.name, $0) }) { first, _ in first }
        #expect(names["veth0"]?.mtu == 1400)
        #expect(names["veth0"]?.isUp == true)
        #expect(names["lo"]?.isLoopback == true)
        #expect(names["down"]?.isUp == false)

        let secondary = try #require(addresses.first { "\($0.address)" == "198.51.100.37" })
        #expect(secondary.isSecondary)
        #expect(secondary.prefixLength == 24)
        #expect(secondary.linkIndex == names["veth0"]?.index)
        #expect(addresses.allSatisfy { $0.address.family == .ipv4 })

        for text in ["127.0.0.1", "::1", "198.51.100.36", "198.51.100.37", "2001:db8::36", "10.1.0.1"] {
            #expect(local.contains(try #require(IPAddress(text))), "\(text)")
        }
        #expect(!local.contains(try #require(IPAddress("10.1.0.2"))), "the peer's address")
        #expect(!local.contains(try #require(IPAddress("203.0.113.1"))), "the link is down")
    }
}
