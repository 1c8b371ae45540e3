import CNetlink

/// The numbers of `linux/ip_vs.h`, as attribute and command types.
extension IPVS {
    enum CommandNumber {
        static let newService = UInt8(IPVS_CMD_NEW_SERVICE)
        static let setService = UInt8(IPVS_CMD_SET_SERVICE)
        static let deleteService = UInt8(IPVS_CMD_DEL_SERVICE)
        static let getService = UInt8(IPVS_CMD_GET_SERVICE)
        static let newDestination = UInt8(IPVS_CMD_NEW_DEST)
        static let setDestination = UInt8(IPVS_CMD_SET_DEST)
        static let deleteDestination = UInt8(IPVS_CMD_DEL_DEST)
        static let getDestination = UInt8(IPVS_CMD_GET_DEST)
        static let newDaemon = UInt8(IPVS_CMD_NEW_DAEMON)
        static let deleteDaemon = UInt8(IPVS_CMD_DEL_DAEMON)
        static let getDaemon = UInt8(IPVS_CMD_GET_DAEMON)
        static let setConfig = UInt8(IPVS_CMD_SET_CONFIG)
        static let getConfig = UInt8(IPVS_CMD_GET_CONFIG)
        static let getInfo = UInt8(IPVS_CMD_GET_INFO)
    }

    /// `IPVS_CMD_ATTR_*`
    enum CommandAttribute {
        static let service = UInt16(IPVS_CMD_ATTR_SERVICE)
        static let destination = UInt16(IPVS_CMD_ATTR_DEST)
        static let daemon = UInt16(IPVS_CMD_ATTR_DAEMON)
        static let timeoutTCP = UInt16(IPVS_CMD_ATTR_TIMEOUT_TCP)
        static let timeoutTCPFin = UInt16(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN)
        static let timeoutUDP = UInt16(IPVS_CMD_ATTR_TIMEOUT_UDP)
    }

    /// `IPVS_SVC_ATTR_*`
    enum ServiceAttribute {
        static let family = UInt16(IPVS_SVC_ATTR_AF)
        static let transport = UInt16(IPVS_SVC_ATTR_PROTOCOL)
        static let address = UInt16(IPVS_SVC_ATTR_ADDR)
        static let port = UInt16(IPVS_SVC_ATTR_PORT)
        static let mark = UInt16(IPVS_SVC_ATTR_FWMARK)
        static let scheduler = UInt16(IPVS_SVC_ATTR_SCHED_NAME)
        static let flags = UInt16(IPVS_SVC_ATTR_FLAGS)
        static let timeout = UInt16(IPVS_SVC_ATTR_TIMEOUT)
        static let netmask = UInt16(IPVS_SVC_ATTR_NETMASK)
        static let engine = UInt16(IPVS_SVC_ATTR_PE_NAME)
        static let statistics32 = UInt16(IPVS_SVC_ATTR_STATS)
        static let statistics = UInt16(IPVS_SVC_ATTR_STATS64)
    }

    /// `IPVS_DEST_ATTR_*`
    enum DestinationAttribute {
        static let family = UInt16(IPVS_DEST_ATTR_ADDR_FAMILY)
        static let address = UInt16(IPVS_DEST_ATTR_ADDR)
        static let port = UInt16(IPVS_DEST_ATTR_PORT)
        static let method = UInt16(IPVS_DEST_ATTR_FWD_METHOD)
        static let weight = UInt16(IPVS_DEST_ATTR_WEIGHT)
        static let upperThreshold = UInt16(IPVS_DEST_ATTR_U_THRESH)
        static let lowerThreshold = UInt16(IPVS_DEST_ATTR_L_THRESH)
        static let active = UInt16(IPVS_DEST_ATTR_ACTIVE_CONNS)
        static let inactive = UInt16(IPVS_DEST_ATTR_INACT_CONNS)
        static let persistent = UInt16(IPVS_DEST_ATTR_PERSIST_CONNS)
        static let statistics32 = UInt16(IPVS_DEST_ATTR_STATS)
        static let statistics = UInt16(IPVS_DEST_ATTR_STATS64)
        static let tunnelKind = UInt16(IPVS_DEST_ATTR_TUN_TYPE)
        static let tunnelPort = UInt16(IPVS_DEST_ATTR_TUN_PORT)
        static let tunnelFlags = UInt16(IPVS_DEST_ATTR_TUN_FLAGS)
    }

    /// `IPVS_DAEMON_ATTR_*`
    enum DaemonAttribute {
        static let state = UInt16(IPVS_DAEMON_ATTR_STATE)
        static let interface = UInt16(IPVS_DAEMON_ATTR_MCAST_IFN)
        static let syncID = UInt16(IPVS_DAEMON_ATTR_SYNC_ID)
        static let maximumLength = UInt16(IPVS_DAEMON_ATTR_SYNC_MAXLEN)
        static let group = UInt16(IPVS_DAEMON_ATTR_MCAST_GROUP)
        static let group6 = UInt16(IPVS_DAEMON_ATTR_MCAST_GROUP6)
        static let port = UInt16(IPVS_DAEMON_ATTR_MCAST_PORT)
        static let ttl = UInt16(IPVS_DAEMON_ATTR_MCAST_TTL)
    }

    /// `IPVS_STATS_ATTR_*`
    enum StatisticsAttribute {
        static let connections = UInt16(IPVS_STATS_ATTR_CONNS)
        static let incomingPackets = UInt16(IPVS_STATS_ATTR_INPKTS)
        static let outgoingPackets = UInt16(IPVS_STATS_ATTR_OUTPKTS)
        static let incomingBytes = UInt16(IPVS_STATS_ATTR_INBYTES)
        static let outgoingBytes = UInt16(IPVS_STATS_ATTR_OUTBYTES)
        static let connectionRate = UInt16(IPVS_STATS_ATTR_CPS)
        static let incomingPacketRate = UInt16(IPVS_STATS_ATTR_INPPS)
        static let outgoingPacketRate = UInt16(IPVS_STATS_ATTR_OUTPPS)
        static let incomingByteRate = UInt16(IPVS_STATS_ATTR_INBPS)
        static let outgoingByteRate = UInt16(IPVS_STATS_ATTR_OUTBPS)
    }

    /// `IPVS_INFO_ATTR_*`
    enum InformationAttribute {
        static let version = UInt16(IPVS_INFO_ATTR_VERSION)
        static let connectionTableSize = UInt16(IPVS_INFO_ATTR_CONN_TAB_SIZE)
    }
}
