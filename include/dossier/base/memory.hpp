#pragma once
// The allocator and what it keeps. mimalloc, which release builds link, has a heap a thread and gives memory back only
// while that thread allocates: whoever has nothing to do says so here.

#include <chrono>

namespace dossier {

/// How long the allocator may keep memory that was freed; without a call it keeps what a steady load frees for as long
/// as that goes on. A short time costs nothing that can be measured, none at all a quarter more processor time.
void keep_freed_memory_for(std::chrono::milliseconds span);

/// What is free in the heap of the calling thread goes back to the system, where the allocator has a heap a thread.
void give_back_own_heap();
/// The same, or what is free in all heaps where they are shared.
void give_back_free_memory();

} // namespace dossier
