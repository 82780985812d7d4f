package redisserver

import (
	"fmt"
	"testing"
)

// StartCluster starts a Redis Cluster of three nodes without replicas, on which each has a third of
// the slots.
func StartCluster(t testing.TB) []*Server {
	t.Helper()
	var nodes []*Server
	var buses []int
	for i := range 3 {
		bus := FreePort(t)
		node := Start(t, "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(bus),
			"--cluster-node-timeout", "2000")
		node.Do("CLUSTER", "ADDSLOTSRANGE", i*16384/3, (i+1)*16384/3-1)
		nodes, buses = append(nodes, node), append(buses, bus)
	}
	for i, node := range nodes[1:] {
		nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", node.Port, buses[i+1])
	}
	for _, node := range nodes {
		node.until("the cluster is ready", func() bool { return node.clusterIsReady(len(nodes)) })
	}
	return nodes
}

func (s *Server) clusterIsReady(nodes int) bool {
	slots, _ := s.Do("CLUSTER", "SLOTS").([]any)
	return (len(slots) == nodes) && (field(s.Do("CLUSTER", "INFO"), "cluster_state") == "ok")
}

// SlotOf returns the number of the slot of a key in a cluster.
func (s *Server) SlotOf(key string) int64 {
	slot, _ := s.Do("CLUSTER", "KEYSLOT", key).(int64)
	return slot
}

// HasSlot reports whether a node of a cluster holds a slot.
func (s *Server) HasSlot(slot int64) bool {
	ranges, _ := s.Do("CLUSTER", "SLOTS").([]any)
	for _, r := range ranges {
		fields := r.([]any)
		if (fields[0].(int64) <= slot) && (slot <= fields[1].(int64)) {
			return fields[2].([]any)[1].(int64) == int64(s.Port)
		}
	}
	return false
}

// MoveSlot moves a slot and its keys to another node of a cluster.
func (s *Server) MoveSlot(slot int64, to *Server, others ...*Server) {
	s.t.Helper()
	here, there := s.Do("CLUSTER", "MYID"), to.Do("CLUSTER", "MYID")
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
	s.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
	keys, _ := s.Do("CLUSTER", "GETKEYSINSLOT", slot, 1000).([]any)
	for _, key := range keys {
		s.Do("MIGRATE", "127.0.0.1", to.Port, key, 0, 5000)
	}
	for _, node := range append([]*Server{to, s}, others...) {
		node.Do("CLUSTER", "SETSLOT", slot, "NODE", there)
	}
}
