/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The smallest guest that tells something: a boot sector that goes through
 * protected set-up into 64-bit mode with paging, as every kernel does, writes
 * one line to QEMU's debug console (port 0xe9) and ends QEMU through
 * isa-debug-exit (port 0xf4; QEMU's exit status is then value * 2 + 1).
 * accel.c hands it to QEMU as a disk.
 */
	.section .rodata
	.globl accel_guest, accel_guest_end

#define ORIGIN	    0x7c00 /* where the BIOS loads it */
#define AT(label)   (ORIGIN + label - accel_guest)
#define PML4	    0x1000
#define PDPT	    0x2000
#define PD	    0x3000
#define TABLE	    0x3	   /* present, writable */
#define PAGE_2MIB   0x83   /* present, writable, large */
#define MSR_EFER    0xc0000080
#define EFER_LME    0x100
#define CR4_PAE	    0x20
#define CR0_PE_PG   0x80000001
#define DEBUG_PORT  0xe9
#define EXIT_PORT   0xf4
#define EXIT_VALUE  0x10

	.code16
accel_guest:
	cli
	cld
	xorl %eax, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $ORIGIN, %sp
	movw $PML4, %di		/* three empty tables of 4 KiB */
	movw $0x0c00, %cx
	rep stosl
	movw $(PDPT + TABLE), PML4	/* the first 2 MiB, one to one */
	movw $(PD + TABLE), PDPT
	movw $PAGE_2MIB, PD
	movl $PML4, %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	lgdt AT(gdt_pointer)
	movl %cr0, %eax
	orl $CR0_PE_PG, %eax
	movl %eax, %cr0
	ljmp $8, $AT(long_mode)

	.code64
long_mode:
	movl $AT(text), %esi
	movl $(text_end - text), %ecx
	movw $DEBUG_PORT, %dx
	rep outsb
	movb $EXIT_VALUE, %al
	outb %al, $EXIT_PORT
1:	hlt
	jmp 1b

text:	.ascii "vazao guest\n"
text_end:
	.balign 8
gdt:	.quad 0
	.quad 0x00209a0000000000	/* 64-bit code */
gdt_pointer:
	.word 15
	.long AT(gdt)

	.org accel_guest + 510
	.word 0xaa55		/* "this disk boots" */
accel_guest_end:
	.section .note.GNU-stack, "", @progbits
