# Drawn by vazao from guests.dat. To change it, edit and run
#   gnuplot -e "format='pdf'" guests.gp      (or svg, png)
reset
set encoding utf8
if (!exists('format')) format = 'svg'
data = 'guests.dat'
if (format eq 'svg') set terminal svg noenhanced size 620,940 dynamic font 'Helvetica,13' background '#ffffff'
if (format eq 'png') set terminal pngcairo noenhanced size 1240,1880 font 'Helvetica,8' fontscale 2.4 linewidth 2
if (format eq 'pdf') set terminal pdfcairo noenhanced size 12cm,17cm font 'Helvetica,8'
set output 'guests.'.format
set multiplot layout 4,1
set border 3 lc rgb '#444444'
set tics nomirror
set grid ytics lc rgb '#dddddd' lt 1
set bars 0.5
set logscale x 2
set xrange [0.909091:70.4]
set lmargin 10
set rmargin 3
set ylabel 'all, 10^6 bit/s'
set yrange [0:*]
set key top left horizontal
set xlabel ''
plot data index 0 using 1:2 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#0072b2' title 'native', \
 data index 0 using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lc rgb '#0072b2' notitle, \
 data index 1 using 1:2 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'domU', \
 data index 1 using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lc rgb '#d55e00' notitle
set ylabel 'CPU us/KB'
set yrange [0:*]
unset key
set xlabel ''
plot data index 0 using 1:5 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#0072b2' title 'native', \
 data index 1 using 1:5 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'domU'
set ylabel 'Jain index'
set yrange [*:1]
unset key
set xlabel ''
plot data index 0 using 1:6 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#0072b2' title 'native', \
 data index 0 using 1:6:7:8 with yerrorbars pt 7 ps 0.6 lc rgb '#0072b2' notitle, \
 data index 1 using 1:6 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'domU', \
 data index 1 using 1:6:7:8 with yerrorbars pt 7 ps 0.6 lc rgb '#d55e00' notitle
set ylabel 'neighbor p99 us'
set yrange [0:*]
unset key
set xlabel 'pairs at the same time'
plot data index 0 using 1:10 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#0072b2' title 'native', \
 data index 1 using 1:10 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'domU'
unset multiplot
set output
