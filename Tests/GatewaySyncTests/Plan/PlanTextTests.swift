import GatewaySync
import Netlink
import NetworkTypes
import Testing

@Suite struct PlanTextTests {
    private let web = IPVS.ServiceIdentity.address(IPAddress("198.51.100.36")!, .tcp, port: 80)
    private let server = IPVS.DestinationIdentity(address: IPAddress("10.1.0.11")!, port: 80)

    private func text(_ after: IPVS.ServiceSettings, _ before: IPVS.ServiceSettings) -> String {
        IPVSChange(.setService(web, after), previous: .service(before)).description
    }

    private func text(_ after: IPVS.DestinationSettings, _ before: IPVS.DestinationSettings) -> String {
        IPVSChange(.setDestination(server, after, of: web), previous: .destination(before)).description
    }

    @Test("a change of a virtual service names what differs, and nothing else")
    func services() {
        let start = "ipvs ~ virtual service 198.51.100.36:80/tcp "
        let mh = IPVS.ServiceSettings(scheduler: "mh", flags: .scheduler1)
        #expect(text(mh, .init(scheduler: "wlc", flags: .scheduler1)) == start + "wlc -> mh")
        #expect(text(mh, .init(scheduler: "mh")) == start + "mh flags none -> mh flags mh-fallback")
        #expect(
            text(mh, .init(scheduler: "mh", flags: [.scheduler1, .scheduler2, .onePacket]))
                == start + "mh flags ops,mh-fallback,mh-port -> mh flags mh-fallback")
        #expect(
            text(.init(persistence: 60), .init(persistence: 60, persistenceBits: 24, persistenceEngine: "sip"))
                == start + "wlc persistent 60 client prefix /24 persistence engine sip -> "
                + "wlc persistent 60 client prefix whole persistence engine none")
    }

    @Test("a new real server is shown with its limit, if it has one")
    func limits() {
        func added(_ settings: IPVS.DestinationSettings) -> String {
            IPVSChange(.addDestination(server, settings, to: web)).description
        }
        let start = "ipvs + real server 198.51.100.36:80/tcp -> 10.1.0.11:80 masq weight 100"
        #expect(added(.init(weight: 100)) == start)
        #expect(added(.init(weight: 100, upperThreshold: 500)) == start + " max-connections 500")
        #expect(added(.init(weight: 100, upperThreshold: 500, lowerThreshold: 2)) == start + " thresholds 500/2")
    }

    @Test("a change of a real server names what differs, and nothing else")
    func servers() {
        let start = "ipvs ~ real server 198.51.100.36:80/tcp -> 10.1.0.11:80 "
        let plain = IPVS.DestinationSettings(weight: 100)
        #expect(text(plain, .init(weight: 3)) == start + "weight 3 -> 100")
        #expect(
            text(plain, .init(weight: 100, upperThreshold: 5, lowerThreshold: 2))
                == start + "masq weight 100 thresholds 5/2 -> masq weight 100 thresholds 0/0")
        let limited = IPVS.DestinationSettings(weight: 100, upperThreshold: 500)
        #expect(
            text(limited, plain) == start + "masq weight 100 max-connections 0 -> masq weight 100 max-connections 500")
        #expect(text(limited, .init(weight: 3, upperThreshold: 500)) == start + "weight 3 -> 100")
        #expect(
            text(
                .init(method: .tunnel, weight: 100),
                .init(method: .tunnel, weight: 100, tunnel: .init(kind: .gue, port: 6_080)))
                == start + "tunnel weight 100 by gue port 6080 flags 0 -> tunnel weight 100 by ipip port 0 flags 0")
    }
}
