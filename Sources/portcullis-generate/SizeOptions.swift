import ArgumentParser
import LargeCloud
import NetworkTypes
import Text

/// Options of every subcommand: the size of the cloud.
struct SizeOptions: ParsableArguments {
    @Option(help: "Service types.")
    var types = LargeCloudSize().types

    @Option(help: "Public ports of each type.")
    var ports = LargeCloudSize().ports

    @Option(help: "Instances of each type.")
    var instances = LargeCloudSize().instances

    @Option(help: "How many of the types are exported as a port range under a firewall mark.")
    var marks = LargeCloudSize().marks

    @Option(help: "Servers the instances are spread over.")
    var servers = LargeCloudSize().servers

    @Option(help: "Address pools the types are spread over.")
    var pools = LargeCloudSize().pools

    @Flag(help: "Give every pool and server an IPv6 address beside the IPv4 one.")
    var ipv6 = false

    @Option(
        name: .customLong("weight"),
        help: ArgumentHelp("Another weight than 100 for an instance; may be repeated.", valueName: "instance=weight"))
    var weights: [InstanceWeight] = []

    func cloud() throws -> LargeCloud {
        var size = LargeCloudSize()
        size.types = types
        size.ports = ports
        size.instances = instances
        size.marks = marks
        size.servers = servers
        size.pools = pools
        size.families = ipv6 ? [.ipv4, .ipv6] : [.ipv4]
        for weight in weights { size.weights[weight.instance] = weight.weight }
        do {
            return try LargeCloud(size)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// `t0001.1=50`
struct InstanceWeight: ExpressibleByArgument {
    let instance: String
    let weight: Int

    init?(argument: String) {
        let parts = argument.splitBytes("=")
        guard parts.count == 2, let weight = Int(parts[1]) else { return nil }
        instance = String(parts[0])
        self.weight = weight
    }
}
