import HealthChecks
import Netlink
import NetworkTypes
import ServicesExport
import SystemPackage

@testable import GatewayDaemon
import GatewaySync
import GatewayTestSupport

/// A gateway on a kernel, with a clock and a disk of its own.
final class Site {
    let kernel: any Kernel
    private(set) var synchronizer: Synchronizer
    private(set) var now = 1_000
    /// What the daemon has written before it went on.
    private(set) var disk = Disk()

    struct Disk {
        var state = StoredState()
        var export: [UInt8]?
        var verdicts: StoredVerdicts?
    }

    static let drainTime = 60

    private let configuration: GatewayConfiguration

    init(_ kernel: any Kernel, drainTime: Int = Site.drainTime, disk: Disk = Disk(), now: Int = 1_000) {
        self.kernel = kernel
        self.disk = disk
        self.now = now
        var configuration = GatewayConfiguration(name: "gw1")
        configuration.drainTime = drainTime
        self.configuration = configuration
        synchronizer = Synchronizer(Reconciler(disk.state, configuration), kernel: kernel)
        // What is on disk was a valid export.
        try! load()
    }

    private func load() throws {
        synchronizer.withHealth { [now] in $0.awaitProber(at: now * 1_000) }
        guard let export = disk.export else { return }
        try synchronizer.adopt(export)
        if let verdicts = disk.verdicts { synchronizer.withHealth { verdicts.restore(to: &$0) } }
    }

    /// The prober tells a verdict, which is not carried out yet.
    func tell(_ target: ProbeTarget, _ verdict: TargetHealth.Verdict) {
        synchronizer.withHealth { [now] health in
            guard let known = health.targets[target] else { return }
            _ = health.take(
                .init(id: known.id, verdict, age: 0, latency: 100, reason: verdict == .up ? nil : "refused"),
                at: now * 1_000)
        }
        disk.verdicts = stored(synchronizer.reconciler.health)
    }

    /// The verdicts by way of the file, as a restart finds them.
    private func stored(_ health: HealthOverlay) -> StoredVerdicts {
        try! StoredVerdicts(json: StoredVerdicts(health).json(at: clock), at: clock)
    }

    /// The prober tells verdicts, which are carried out.
    @discardableResult
    func verdict(_ verdict: TargetHealth.Verdict, on targets: ProbeTarget...) throws -> [String] {
        for target in targets { tell(target, verdict) }
        return try settle()
    }

    /// Takes an export and settles.
    /// - Returns: the steps taken, line by line.
    @discardableResult
    func export(_ lines: String...) throws -> [String] { try export(lines) }

    @discardableResult
    func export(_ lines: [String]) throws -> [String] {
        try synchronizer.adopt(ServicesCSV.file(of: lines))
        return try settle()
    }

    /// Polls again after some seconds.
    @discardableResult
    func later(_ seconds: Int) throws -> [String] {
        now += seconds
        return try settle()
    }

    /// Looks at the whole kernel, as the daemon does bit by bit, and puts right what others have changed.
    @discardableResult
    func audit() throws -> [String] {
        let requirements = SettingRequirement.all(configuration, for: synchronizer.reconciler.desired)
        let settings = try kernel.bringIntoLine(requirements).steps.map(\.description)
        try synchronizer.readTable()
        var services = Set(synchronizer.reconciler.kernel?.services.keys ?? [:].keys)
        try kernel.beginListing()
        while let entries = try kernel.nextListed() { services.formUnion(entries.map(\.service.identity)) }
        for service in services where synchronizer.reconciler.isOwn(service) {
            _ = try synchronizer.readService(service)
        }
        return settings + (try settle())
    }

    private func settle() throws -> [String] {
        synchronizer.withHealth { [now] in $0.advance(to: now * 1_000) }
        var lines = [String]()
        _ = try synchronizer.settle(now: now) { plan, reconciler in
            lines = plan.lines
            save(reconciler)
        }
        save(synchronizer.reconciler)
        return lines
    }

    private var clock: ClockReading { ClockReading(boot: now, wall: 1_700_000_000 + now, bootID: "first") }

    /// A dead daemon writes nothing.
    private func save(_ reconciler: Reconciler) {
        guard (kernel as? MortalKernel)?.isDead != true else { return }
        let state = StoredState(
            addresses: reconciler.ownership.addresses, drains: reconciler.drains, leaving: reconciler.leaving,
            untranslated: reconciler.untranslated)
        // By way of the file, as a restart finds it.
        disk = Disk(
            state: try! StoredState(json: state.json(at: clock), at: clock), export: reconciler.document?.bytes,
            verdicts: stored(reconciler.health))
    }

    /// The daemon ends and starts again from what is on disk, with the kernel as it is.
    func restart() throws {
        synchronizer = Synchronizer(Reconciler(disk.state, configuration), kernel: kernel)
        try load()
    }

    /// What the kernel really holds of ours.
    var state: KernelState { get throws { try kernel.read(synchronizer.reconciler.ownership) } }

    /// The weights of a service's servers.
    func weights(_ service: IPVS.ServiceIdentity) throws -> [UInt32]? {
        try state.services[service]?.destinations.map(\.settings.weight)
    }
}

extension IPVS.ServiceIdentity {
    static let web = Self.address(IPAddress("198.51.100.36")!, .tcp, port: 80)
    static let mark = Self.mark(257, .ipv4)
}

/// Lines of services.csv.
enum Row {
    static func web(_ number: Int, weight: Int = 100, scheduler: String = "wlc", sources: String = "") -> String {
        "pgw.\(number),http,tcp,www-ip,198.51.100.36,80,,masq,\(scheduler),0,,\(sources),10.1.0.1\(number),8080,\(weight)"
    }

    /// A service of its own per port.
    static func port(_ port: Int, server: Int = 1, weight: Int = 100) -> String {
        "pgw.\(server),port\(port),tcp,www-ip,198.51.100.36,\(port),,masq,wlc,0,,,10.1.0.1\(server),8080,\(weight)"
    }

    static func web6(_ number: Int) -> String {
        "pgw.\(number),http,tcp,www-ip6,2001:db8::36,80,,masq,wlc,0,,,fd00::1\(number),8080,100"
    }

    static func dns(_ number: Int) -> String {
        "dns.\(number),dns,udp,www-ip,198.51.100.36,53,,masq,rr,0,,,10.1.0.1\(number),53,100"
    }

    /// Rows by tcp and udp of one server under a mark.
    static func devices(
        _ number: Int, weight: Int = 100, ports: String = "20000-29999", mark: Int = 257, section: String = "devices"
    ) -> [String] {
        ["tcp", "udp"].map {
            "tg.\(number),\(section),\($0),tg-ip,198.51.100.37,\(ports),\(mark),masq,mh,300,,,10.1.0.1\(number),,\(weight)"
        }
    }

    static func logger(_ number: Int, weight: Int = 100) -> String {
        "logger.\(number),syslog,udp,www-ip,198.51.100.36,514,,dnat,wlc,0,,203.0.113.0/24,10.1.0.3\(number),5514,\(weight)"
    }
}
